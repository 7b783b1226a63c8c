"""Does a seal open only what it sealed, whole, in its place and by its key, and say nothing of the key?"""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.index_seal import CHUNK, KEY_BYTES, IndexSeal
from indexing.errors import SealBroken

KEY = bytes(range(KEY_BYTES))
HERE = "snapshot/names.table"
HEAD = 8 + 32
TAG = 16


def seal(key: bytes = KEY) -> IndexSeal:
    return IndexSeal(key)


def sealed(content: bytes, context: str = HERE, by: IndexSeal | None = None, step: int = 2**20) -> bytes:
    out: list[bytes] = []
    sealing = (by or seal()).sealing(out.append, context)
    for start in range(0, len(content), step):
        part = content[start : start + step]
        assert sealing.write(part) == len(part)
    sealing.finish()
    return b"".join(out)


def opened(data: bytes, context: str = HERE, by: IndexSeal | None = None) -> bytes:
    return bytes((by or seal()).unsealed(io.BytesIO(data), len(data), context))


def chunks(data: bytes) -> list[bytes]:
    return [data[at : at + CHUNK + TAG] for at in range(HEAD, len(data), CHUNK + TAG)]


@pytest.fixture(scope="module")
def long() -> bytes:
    return bytes(CHUNK) + b"a" * CHUNK + b"b" * 100


class TestRoundTrip:
    @given(content=st.binary(max_size=3000), step=st.integers(1, 1000))
    def test_any_bytes_written_in_any_pieces(self, content: bytes, step: int) -> None:
        assert opened(sealed(content, step=step)) == content

    @pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
    def test_around_the_size_of_a_chunk(self, size: int) -> None:
        content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        data = sealed(content, step=700_001)
        assert opened(data) == content
        assert len(data) == HEAD + size + TAG * max(-(-size // CHUNK), 1)

    def test_what_is_opened_is_read_only(self) -> None:
        data = sealed(b"abc")
        with pytest.raises(TypeError, match="read-only"):
            seal().unsealed(io.BytesIO(data), len(data), HERE)[0] = 1

    def test_the_same_is_never_sealed_alike(self) -> None:
        first, second = sealed(b"Rina Mondal" * 9), sealed(b"Rina Mondal" * 9)
        assert first[8:HEAD] != second[8:HEAD]
        assert first[HEAD:] != second[HEAD:]
        assert b"Rina" not in first


class TestRefused:
    def test_every_flipped_bit(self) -> None:
        data = sealed(b"Rina Mondal")
        for place in range(len(data) * 8):
            flipped = bytearray(data)
            flipped[place // 8] ^= 1 << place % 8
            with pytest.raises(SealBroken):
                opened(bytes(flipped))

    def test_every_truncation_and_more_than_was_written(self) -> None:
        data = sealed(b"Rina Mondal")
        for length in range(len(data)):
            with pytest.raises(SealBroken):
                opened(data[:length])
        with pytest.raises(SealBroken):
            opened(data + b"\0")

    def test_a_file_that_shrinks_while_it_is_read(self, long: bytes) -> None:
        data = sealed(long)
        with pytest.raises(SealBroken):
            seal().unsealed(io.BytesIO(data[:-50]), len(data), HERE)

    def test_chunks_left_out_moved_or_repeated(self, long: bytes) -> None:
        data = sealed(long)
        first, second, last = chunks(data)
        for wrong in (
            [first, second], [first, last], [second, first, last], [first, first, second, last], [last], [],
        ):  # fmt: skip
            with pytest.raises(SealBroken):
                opened(data[:HEAD] + b"".join(wrong))
        assert opened(data[:HEAD] + first + second + last) == long

    def test_a_chunk_of_another_file(self, long: bytes) -> None:
        one, other = sealed(long), sealed(long)
        with pytest.raises(SealBroken):
            opened(one[:HEAD] + b"".join([chunks(one)[0], chunks(other)[1], chunks(one)[2]]))

    @pytest.mark.parametrize("context", ["", "snapshot/other.table", "another/names.table", HERE + " "])
    def test_another_place(self, context: str) -> None:
        with pytest.raises(SealBroken):
            opened(sealed(b"Rina"), context)

    def test_another_key(self) -> None:
        data = sealed(b"Rina")
        with pytest.raises(SealBroken):
            opened(data, by=seal(KEY[::-1]))

    def test_what_was_never_sealed(self) -> None:
        with pytest.raises(SealBroken):
            opened(b"\x93NUMPY plain text that is long enough to have a head and a tag" * 3)

    @pytest.mark.parametrize("size", [0, 16, 31, 33])
    def test_a_key_of_another_length(self, size: int) -> None:
        with pytest.raises(ValueError, match="32 bytes") as caught:
            IndexSeal(b"k" * size)
        assert "kk" not in str(caught.value)


class TestTheKey:
    def test_it_is_not_shown_and_does_not_travel(self) -> None:
        one = seal()
        for said in (repr(one), str(one), f"{one!r:>60}", one.key_id, one.proof(b""), one.fresh_id()):
            assert KEY.hex() not in said
            assert repr(KEY) not in said
        with pytest.raises(TypeError, match="does not travel"):
            pickle.dumps(one)

    def test_its_id_and_its_proofs_are_its_own(self) -> None:
        one, same, other = seal(), seal(), seal(KEY[::-1])
        assert one.key_id == same.key_id != other.key_id
        assert one.proof(b"x") == same.proof(b"x") not in {other.proof(b"x"), one.proof(b"y")}
        assert not one.proof(b"x").startswith(one.key_id)

    def test_chance_is_given(self) -> None:
        def counted() -> Iterator[bytes]:
            for number in range(100):
                yield bytes([number])

        numbers = counted()
        one = IndexSeal(KEY, lambda size: next(numbers) * size)
        assert (one.fresh_id(), one.fresh_id()) == ("00" * 16, "01" * 16)
        assert sealed(b"", by=one)[8:HEAD] == bytes([2]) * 32
