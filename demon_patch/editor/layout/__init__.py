"""From a patch to boxes and cables with places on the canvas; pure, without a window."""
