"""Is what workers find and weigh the same as what one process does, pair by pair, whoever of them dies?"""

from __future__ import annotations

import logging
import os
import pickle
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dask
import numpy as np
import pytest
from distributed import LocalCluster

import indexing.cluster
import indexing.match_index
from indexing.candidates import Filter, Looked, Shortlist, look
from indexing.cluster import ATTEMPTS, Cluster
from indexing.errors import ClusterFailed, WorkerFault
from indexing.key_lists import Shared
from indexing.match_index import MatchIndex
from indexing.record_space import RecordSpace
from indexing.record_vectors import encode_records
from indexing.search import FoundMatch, find_matches_batch
from indexing.shards import Question, Scales, Shard, guarded
from indexing.shelf import Asked
from indexing.workers import LocalWorkers, Scheduler, spills
from matcher.columns import RecordColumns
from matcher.compare import COMPARISONS
from matcher.comparison import Comparison
from matcher.model import MatchModel
from matcher.person import PersonName, PersonRecord, Side

Source = Callable[..., Any]
Make = Callable[[], MatchIndex]


class Workers(LocalWorkers):
    """Workers that stay for all tests."""

    def kill_one(self) -> None:
        assert self._client is not None
        os.kill(next(iter(self._client.run(os.getpid).values())), signal.SIGKILL)

    def open(self) -> Any:
        return self._client or super().open()

    def configured(self) -> Any:
        """Have Dask's configuration hold the keys of these workers, as an operator writes them there."""
        assert self._cluster is not None
        keys = self._cluster.security
        found = {"ca-file": keys.tls_ca_file, "client.cert": keys.tls_client_cert, "client.key": keys.tls_client_key}
        return dask.config.set({f"distributed.comm.tls.{name}": value for name, value in found.items()})

    def close(self) -> None:
        """Stay."""

    def end(self) -> None:
        super().close()


@pytest.fixture(scope="module", params=[2, 4])
def workers(request: pytest.FixtureRequest) -> Iterator[Workers]:
    made = Workers(request.param)
    yield made
    made.end()


@pytest.fixture
def cluster(workers: Workers) -> Iterator[Cluster]:
    with Cluster(workers) as made:
        yield made


@pytest.fixture(scope="module")
def model() -> MatchModel:
    return MatchModel.load()


@pytest.fixture
def make(population: Any, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes an index of several small segments."""
    monkeypatch.setattr(indexing.match_index, "_SMALL", 40)

    def made() -> MatchIndex:
        index = MatchIndex("dlib-1")
        for start in range(0, len(population.everybody), 50):
            index.upsert(population.everybody[start : start + 50])
        assert len(index.segments) == 6
        return index

    return made


@pytest.fixture(params=[2**18, 70], ids=["copies on all", "a few segments each"])
def most_held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing.cluster, "MOST_HELD", request.param)


def both(
    cluster: Cluster, queries: Sequence[PersonRecord], index: MatchIndex, source: Any, model: MatchModel, **kwargs: Any
) -> list[list[FoundMatch]]:
    """Return what is found on a cluster, after finding the same here."""
    here: list[Counter[str]] = []
    there: list[Counter[str]] = []
    expected = find_matches_batch(queries, index, source, model, proposed=here, **kwargs)
    found = find_matches_batch(queries, index, source, model, proposed=there, meeting=cluster, **kwargs)
    # Ids, weights, grades, contributions and routes are all in it; sums of bits are rounded nowhere.
    assert found == expected
    assert here == there
    return found


class TestTheSamePairByPair:
    @pytest.mark.usefixtures("most_held")
    def test_rescued_people_and_reports_ask(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        index, source = make(), in_memory(population.everybody)
        asked = {"limit": 5, "candidates": 12}
        far = [[report.record_id for report in population.reports[-3:]], *[()] * 29]
        found = both(cluster, population.rescues[:30], index, source, model, also=far, **asked)
        assert sum(map(len, found)) > 100
        assert {route for matches in found for match in matches for route in match.routes} >= {"known match", "father"}
        found = both(cluster, population.reports[:20], index, source, model, **asked)
        assert sum(map(len, found)) >= 80
        assert any("rivals" in str(match.pair.contributions) for matches in found for match in matches)

    def test_one_who_asks_and_one_who_says_nothing(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        index, source = make(), in_memory(population.everybody)
        silent = PersonRecord("q", Side.RESCUED)
        (found,) = both(cluster, [silent], index, source, model, also=[[population.reports[0].record_id]])
        assert len(found) == 1
        assert both(cluster, [silent], index, source, model) == [[]]
        assert both(cluster, [silent, population.rescues[0]], index, source, model)[1]

    def test_an_empty_index(self, cluster: Cluster, population: Any, in_memory: Source, model: MatchModel) -> None:
        assert both(cluster, population.rescues[:2], MatchIndex("dlib-1"), in_memory([]), model) == [[], []]

    def test_only_those_who_may_be_found(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        index, source = make(), in_memory(population.everybody)
        every = both(cluster, population.rescues[:10], index, source, model)
        girls = both(cluster, population.rescues[:10], index, source, model, only=Filter(sexes=(1,)))
        assert 0 < sum(map(len, girls)) < sum(map(len, every))

    def test_comparisons_of_ones_own_are_refused(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        own = Comparison("sex", "Which sex?", COMPARISONS[0].labels, COMPARISONS[0].assign)
        with pytest.raises(ValueError, match="shipped"):
            find_matches_batch(
                population.rescues[:1], make(), in_memory([]), model, comparisons=(own,), meeting=cluster
            )


class TestWhatChanges:
    @pytest.mark.usefixtures("most_held")
    def test_who_is_erased_is_found_no_more_and_who_is_new_is_found(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        index, source = make(), in_memory(population.everybody)
        rescues = population.rescues[:10]
        before = both(cluster, rescues, index, source, model)
        places = dict(cluster._places)
        gone = {matches[0].pair.left_id for matches in before}
        index.remove(gone)
        after = both(cluster, rescues, index, source, model)
        assert not gone & {match.pair.left_id for matches in after for match in matches}
        assert cluster._places == places, "no segment travels again for those who are erased"
        index.upsert([population.reports[int(number)] for number in range(200)][:60])
        again = both(cluster, rescues, index, source, model)
        assert {match.pair.left_id for matches in again for match in matches} & gone
        assert {id(place.segment) for place in cluster._places.values()} == {id(one) for one in index.segments}

    def test_another_index_and_another_model(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel
    ) -> None:
        source = in_memory(population.everybody)
        both(cluster, population.rescues[:5], make(), source, model)
        other = MatchIndex("dlib-1")
        other.upsert(population.everybody[:120])
        both(cluster, population.rescues[:5], other, source, MatchModel.from_json(model.to_json()))


class TestWhenAWorkerDies:
    @pytest.mark.parametrize("when", ["before it is asked", "while it looks", "while it weighs"])
    def test_its_segments_go_to_others(
        self, workers: Workers, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel,
        when: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(indexing.cluster, "MOST_HELD", 70)
        index, source = make(), in_memory(population.everybody)
        both(cluster, population.rescues[:10], index, source, model)
        ask, killed = cluster._ask, []

        def asking(address: str, work: Callable[..., Any], *arguments: Any) -> Any:
            if not killed and work.__name__ == {"while it looks": "look_into", "while it weighs": "weigh"}[when]:
                killed.append(address)
                future = ask(address, work, *arguments)
                workers.kill_one()
                return future
            return ask(address, work, *arguments)

        if when == "before it is asked":
            workers.kill_one()
        else:
            monkeypatch.setattr(cluster, "_ask", asking)
        with caplog.at_level(logging.WARNING):
            both(cluster, population.rescues[10:25], index, source, model)
            both(cluster, population.reports[:10], index, source, model)
        names = {word for person in population.everybody for name in person.names for word in name.text.split()}
        assert not names & set(caplog.text.split())

    def test_after_so_many_times_it_says_so(
        self, cluster: Cluster, make: Make, population: Any, in_memory: Source, model: MatchModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        asked = []

        def gone(*arguments: Any) -> Any:
            asked.append(arguments)
            raise OSError("a connection broke")

        monkeypatch.setattr(cluster, "_ask", gone)
        with pytest.raises(ClusterFailed, match=f"{ATTEMPTS} times in a row"):
            find_matches_batch(population.rescues[:1], make(), in_memory([]), model, meeting=cluster)
        assert len(asked) == ATTEMPTS


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    monkeypatch.setattr("indexing.workers._CONNECT_S", 0.3)
    for address in ("tcp://127.0.0.1:9", "tls://127.0.0.1:9", "nonsense://x"):
        with Cluster(Scheduler(address)) as cluster, pytest.raises(ClusterFailed, match="does not answer") as failed:
            cluster.prepare(make())
        assert address not in str(failed.value)


def test_a_cluster_that_is_there_already(
    workers: Workers, make: Make, population: Any, in_memory: Source, model: MatchModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = workers.open().scheduler.address
    told: list[tuple[int, int]] = []
    with workers.configured(), Cluster(Scheduler(address)) as cluster:
        index = make()
        cluster.prepare(index, lambda done, every: told.append((done, every)))
        assert told[0] == (0, len(told))
        assert len(told) >= len(index.segments)
        both(cluster, population.rescues[:3], index, in_memory(population.everybody), model)
    assert workers.open().nthreads(), "it is left as it was"
    assert not any(workers.open().run(spills).values())
    monkeypatch.setattr("indexing.workers.LAYOUT", "another")
    with (
        workers.configured(),
        Cluster(Scheduler(address)) as cluster,
        pytest.raises(ClusterFailed, match="another version"),
    ):
        cluster.prepare(make())


def test_workers_that_would_write_records_to_their_disks_are_refused(make: Make) -> None:
    with (
        LocalCluster(
            n_workers=1, processes=False, host="127.0.0.1", protocol="tcp://", dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False}, memory_limit="1GB",
        ) as spilling,
        Cluster(Scheduler(spilling.scheduler_address)) as cluster,
    ):  # fmt: skip
        with pytest.raises(ClusterFailed, match="--memory-limit 0"):
            cluster.prepare(make())
        worker = spilling.workers[0]
        assert not worker.data, "nothing was sent"


class TestWhatTravels:
    def test_it_shows_nothing_of_itself(self, make: Make, population: Any, model: MatchModel) -> None:
        index = make()
        columns = RecordColumns.build(population.rescues[:3])
        asked = Asked.of(columns, np.arange(3), encode_records(columns), RecordSpace.load())
        held = (
            Shard.of(index.segments[0]),
            Scales(index.context, model, ("sex",)),
            Question(asked, Side.MISSING, 3, Filter(areas=("IN/WB",))),
        )
        for one in held:
            assert repr(one).startswith("<indexing.shards.")
            assert len(repr(one)) < 80

    def test_a_fault_tells_its_kind_and_place_alone(self) -> None:
        def fails(text: str) -> None:
            raise KeyError(text)

        with pytest.raises(WorkerFault) as failed:
            guarded(fails, "Sunita")
        fault = pickle.loads(pickle.dumps(failed.value))
        assert "Sunita" not in str(fault)
        assert str(fault) == str(failed.value)
        assert (fault.kind, fault.where.split(":")[0]) == ("KeyError", "indexing/test_cluster.py")
        assert fault.__cause__ is None

    def test_the_dead_of_a_segment_stay_dead(self, make: Make) -> None:
        index = make()
        segment = index.segments[0]
        index.remove([segment.columns.ids[0], segment.columns.ids[7]])
        shard = pickle.loads(pickle.dumps(Shard.of(segment)))
        there = shard.without(np.array([2]))
        assert np.flatnonzero(~there.alive).tolist() == [0, 2, 7]
        again = shard.without(np.zeros(0, dtype=np.int64))
        assert again is there

    def test_a_part_of_those_who_ask_finds_what_all_of_them_do(self, make: Make, population: Any) -> None:
        segment = make().segments[0]
        columns = RecordColumns.build(population.rescues[:20])
        asked = Asked.of(columns, np.arange(20), encode_records(columns), RecordSpace.load())
        whole = look(segment, asked, Side.MISSING, 6)
        some = look(segment, asked.between(7, 15), Side.MISSING, 6)
        names = (asked.owners >= 7) & (asked.owners < 15)
        assert 0 < names.sum() == len(some.rows)
        assert np.array_equal(np.sort(whole.scores[names]), np.sort(some.scores))
        assert np.array_equal(np.sort(whole.rows[names]), np.sort(some.rows))


def looked(rows: list[list[int]], scores: list[list[int]], shared: Shared) -> Looked:
    routes = np.zeros(np.shape(rows), dtype=np.uint8)
    return Looked(np.array(rows, dtype=np.int32), routes, np.array(scores, dtype=np.int32), 1, shared)


def held(*entries: tuple[int, int, int], counts: Sequence[int]) -> Shared:
    asking, which, record = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    return Shared(asking, which, record, np.array(counts, dtype=np.int64))


class TestTheBestOfSeveral:
    def test_in_whatever_order_they_are_united(self) -> None:
        rng, k = np.random.default_rng(5), 3
        for _ in range(40):
            parts = []
            for number in range(5):
                rows = np.where(rng.random((4, k)) < 0.8, rng.integers(0, 9, (4, k)), -1)
                counts = rng.integers(0, 90, 2).tolist()
                of = looked(
                    rows.tolist(), rng.integers(0, 5, (4, k)).tolist(), held((0, 0, 1), (3, 1, 2), counts=counts)
                )
                parts.append(Shortlist.of(number, of))
            whole = Shortlist.united(parts, k)
            # Of each name: by score, equals by segment, then as they stand there.
            for name in range(4):
                entries = [
                    (-int(part.scores[name, place]), number, place, int(part.rows[name, place]))
                    for number, part in enumerate(parts)
                    for place in range(k)
                    if part.rows[name, place] >= 0
                ]
                expected = sorted((number, row) for _, number, _, row in sorted(entries)[:k])
                there = whole.rows[name] >= 0
                found = zip(whole.segments[name][there].tolist(), whole.rows[name][there].tolist(), strict=True)
                assert sorted(found) == expected
            order = rng.permutation(5)
            first, others = order[:2], order[2:]
            united = Shortlist.united(
                [Shortlist.united([parts[one] for one in some], k) for some in (first, others)], k
            )
            assert sorted(map(tuple, _entries(united))) == sorted(map(tuple, _entries(whole)))
            shared = {(a, p) for a, p in zip(united.shared.asking.tolist(), united.places.tolist(), strict=True)}
            assert shared == {(a, p) for a, p in zip(whole.shared.asking.tolist(), whole.places.tolist(), strict=True)}
            assert np.array_equal(united.shared.counts, whole.shared.counts)


def _entries(of: Shortlist) -> list[tuple[int, int, int]]:
    name, place = np.nonzero(of.rows >= 0)
    return list(zip(name.tolist(), of.segments[name, place].tolist(), of.rows[name, place].tolist(), strict=True))


def test_names_are_nowhere_in_what_dask_calls_things(
    workers: Workers, cluster: Cluster, make: Make, in_memory: Source, model: MatchModel
) -> None:
    query = PersonRecord("query-1", Side.RESCUED, (PersonName("Zubeidakhatunova"),))
    find_matches_batch([query], make(), in_memory([]), model, meeting=cluster)
    keys = str(workers.open().run_on_scheduler(_everything_shown))
    assert "sandhan-" in keys or "Shard-" in keys
    assert not [word for word in ("Zubeida", "query-1") if word in keys]


def _everything_shown(dask_scheduler: Any) -> str:
    return f"{list(dask_scheduler.tasks)} {list(dask_scheduler.get_logs())} {dask_scheduler.get_events()}"
