"""PostgreSQL's log."""

from pathlib import Path

from peek_trio.storage.embedded.bounded_log import BoundedLog


def test_it_is_begun_anew_when_it_is_full_and_one_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "postgres.log"
    with BoundedLog(path, most_bytes=100) as record:
        for number in range(100):
            record.write(f"line {number:03d}\n".encode())
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 300
    assert path.read_text().endswith("line 099\n")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["postgres.log", "postgres.log.1"]


def test_it_goes_on_where_an_earlier_run_stopped(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        with BoundedLog(tmp_path / "log") as record:
            record.write(text)
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_the_reason_is_the_last_failure_without_its_time(tmp_path: Path) -> None:
    with BoundedLog(tmp_path / "log") as record:
        assert record.why() == "it said nothing"
        record.write(b"2026-11-22 09:00:00 UTC [7] FATAL:  could not bind\n")
        record.write(b"2026-11-22 09:00:00 UTC [7] LOG:  shut down\n")
        assert record.why() == "could not bind"
