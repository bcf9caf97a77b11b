import pytest

pytest.register_assert_rewrite("tests.support.executor_contract", "tests.support.executor_sides_contract")
