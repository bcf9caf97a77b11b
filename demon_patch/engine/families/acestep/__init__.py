"""The family of ACE-Step 1.5: published checkpoints, played by model classes of diffusers and transformers.

The libraries are the extra `acestep`; the weights are not part of the package (`engine.model_folder`). Importing the
package loads no torch.
"""
