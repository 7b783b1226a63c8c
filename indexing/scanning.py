"""Which rows of a few lists point most nearly the same way as a query? The compiled loops of `indexing.shelf`.

A row is whole numbers of one byte each; its product with a query is exact, so the order of scanning changes nothing.
"""

from __future__ import annotations

import numpy as np

from matcher.fast.compiled import Number, Rows, compiled, fetch

_AHEAD = 16


@compiled
def _product(query: Rows, row: Rows) -> Number:
    total = np.int32(0)
    for place in range(len(query)):
        # Said so often that it stays in 32 bits: numba would widen it, and the processor do a quarter as many at once.
        total = np.int32(total + np.int32(np.int32(query[place]) * np.int32(row[place])))
    return total


@compiled
def _sift(scores: Rows, rows: Rows, count: int, k: int) -> Number:
    """Move the k best of the first `count` to the front, in any order; return the lowest score among them."""
    low, high, wanted = 0, count - 1, k - 1
    while low < high:
        pivot = scores[(low + high) >> 1]
        i, j = low, high
        while i <= j:
            while scores[i] > pivot:
                i += 1
            while scores[j] < pivot:
                j -= 1
            if i <= j:
                scores[i], scores[j] = scores[j], scores[i]
                rows[i], rows[j] = rows[j], rows[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    lowest = scores[0]
    for place in range(1, k):
        lowest = min(lowest, scores[place])
    return lowest


@compiled
def scan(
    queries: Rows,
    spans: Rows,
    windows: Rows,
    near_windows: Rows,
    probes: Rows,
    table: Rows,
    born: Rows,
    alive: Rows,
    bounds: Rows,
    members: Rows,
    members_born: Rows,
    members_sexes: Rows,
    kind_lists: int,
    short: int,
    k: int,
    out_rows: Rows,
    out_scores: Rows,
    scanned: Rows,
) -> None:
    """Write the k best rows of each query, best in no order, -1 where there are fewer.

    A row of a span is looked at once, any other once for each list that it stands in: so it may be among the k twice.

    Args:
        queries: shape (q, d), int16.
        spans: shape (q, s, 2), int32, ranges of rows that stand together; empty where start is end.
        windows: shape (q, 3), int32: first and last day of birth to look at in a span; spans are of one sex already.
        near_windows: the same for the lists, and the sex to look at (0 any).
        probes: shape (q, p), int32, lists to look into, kind after kind, -1 for none.
        table: shape (r, d), int8, the rows.
        born: shape (r, 2), int32, first and last day; both sides unbounded where nothing is known.
        alive: shape (r,), bool: only these are found.
        bounds, members: the rows of list l are members[bounds[l] : bounds[l + 1]].
        members_born, members_sexes: days and sex (int8, 0 unknown) of each member, beside each other to be read fast.
        kind_lists: so many probes are of one kind.
        short: rows of a list that is looked through whatever the windows say.
        k: most rows a query.
        out_rows, out_scores: shape (q, k), int32; a row is given as row * 4, plus 1 and on by kind when from a list.
        scanned: shape (q,), int64, products taken.
    """
    room = 4 * k
    scores, rows = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
    ahead = np.empty(_AHEAD, dtype=np.int32)
    lowest_of_all = np.int32(-(2**31) + 1)
    for number in range(len(queries)):
        query = queries[number]
        held, floor, products = 0, lowest_of_all, 0
        first_day, last_day = windows[number, 0], windows[number, 1]
        for span in range(spans.shape[1]):
            for row in range(spans[number, span, 0], spans[number, span, 1]):
                if born[row, 0] > last_day or born[row, 1] < first_day or not alive[row]:
                    continue
                products += 1
                score = _product(query, table[row])
                if score > floor:
                    scores[held], rows[held] = score, row * 4
                    held += 1
                    if held == room:
                        floor = _sift(scores, rows, held, k)
                        held = k
        near_first, near_last, near_sex = near_windows[number, 0], near_windows[number, 1], near_windows[number, 2]
        for probe in range(probes.shape[1]):
            chosen = probes[number, probe]
            if chosen < 0:
                continue
            every = bounds[chosen + 1] - bounds[chosen] <= short
            kind = probe // kind_lists + 1
            member, last = bounds[chosen], bounds[chosen + 1]
            while member < last:
                # A few rows are asked for before the first of them is needed: they lie all over the table.
                waiting = 0
                while member < last and waiting < _AHEAD:
                    row_first, row_last = members_born[member, 0], members_born[member, 1]
                    row_sex, row = members_sexes[member], members[member]
                    member += 1
                    if not every:
                        if row_first > near_last or row_last < near_first:
                            continue
                        if near_sex != 0 and row_sex != 0 and row_sex != near_sex:
                            continue
                    seen = not alive[row]
                    if row_first <= last_day and row_last >= first_day:
                        for span in range(spans.shape[1]):
                            seen = seen or spans[number, span, 0] <= row < spans[number, span, 1]
                    if not seen:
                        fetch(table, row)
                        ahead[waiting] = row
                        waiting += 1
                products += waiting
                for place in range(waiting):
                    row = ahead[place]
                    score = _product(query, table[row])
                    if score > floor:
                        scores[held], rows[held] = score, row * 4 + kind
                        held += 1
                        if held == room:
                            floor = _sift(scores, rows, held, k)
                            held = k
        if held > k:
            _sift(scores, rows, held, k)
            held = k
        for place in range(held):
            out_rows[number, place], out_scores[number, place] = rows[place], scores[place]
        for place in range(held, k):
            out_rows[number, place], out_scores[number, place] = -1, lowest_of_all
        scanned[number] = products
