from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.signature import key_of, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_convention() -> None:
    """The vector of the reference library's own tests."""
    found = signature(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_needs_no_prefix() -> None:
    assert key_of(SECRET.removeprefix("whsec_")) == key_of(SECRET)


@settings(deadline=None)
@given(st.binary(min_size=24, max_size=64))
def test_a_secret_is_read_as_it_was_written(key: bytes) -> None:
    assert key_of(f"whsec_{b64encode(key).decode()}\n") == key


@pytest.mark.parametrize("secret", ["", "opensesame", "whsec_c2hvcnQ=", "whsec_é", "A" * 400])
def test_what_is_no_secret_is_said_without_it(secret: str) -> None:
    with pytest.raises(ValueError, match="base64 of 24 to 64 random bytes") as found:
        key_of(secret)
    assert not secret or secret not in str(found.value)


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_another_body_has_another_signature(one: bytes, other: bytes) -> None:
    key = key_of(SECRET)
    assert (signature(key, "a", 1, one) == signature(key, "a", 1, other)) == (one == other)
