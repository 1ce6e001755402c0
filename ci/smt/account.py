"""`llm/account.rs`, `llm/lows.rs`: the actual use of calls, each at the time of its grant, keeps the bound.

Let V be the TAT of a limiter that knows at once how much of its estimate each call will use. If the account's TAT grants a call and V
is not above it, V grants the call as well (`decide` is monotone), and what V grants keeps the bound. So the claim is: *V is never
above the account's TAT*. It must hold for any number of calls under way, any order of their ends, and any clock.

Number all charges in their order. Charge j is made at now[j] for n[j], of which unused[j] will not be used: only the call and V know
this. (What a call uses past its estimate, and what the provider counts besides, are charges of which all is used.) Let credit[j] be
what was refunded of charge j so far: 0 until its call ends. Define two accounts without refunds that charge different amounts:

    less[0] = V[0]
    less[j+1] = max(less[j], now[j]) + n[j] - credit[j]          x[j] = less[j] - now[j], or 0 if that is negative
       V[j+1] = max(   V[j], now[j]) + n[j] - unused[j]

The invariant, after each move, for every charge j so far:

    (1) the account's TAT = less[the number of charges]          "the past in which less had been taken"
    (2) low of the stretch of j <= x[j]                          the stretch of a call begins after its first charge
    (3) credit[j] <= unused[j]

From (3) V <= less, charge by charge (`V`, below), and with (1) V <= TAT. Each move keeps the invariant:

- *A charge* appends to both accounts, and the last stretch has noted the backlog before it (`charge`).
- *The end of a call* with a credit of c for its first charge lowers `less` by c behind that charge, and only there. x of all later
  charges is at least c, by (2), because c is at most the lowest low of all stretches since. So no `max` is decided otherwise than
  before, and c goes through each later charge unchanged: `end`, for a charge j of which nothing else is known.
- *The stretch of a call that ended* continues as part of the one before: its low is at most both (`merge`).
- Time passes: nothing changes.

A reset begins both accounts anew, without a stretch. A call from before has no stretch then, so it gets no credit (`reset`).

A call that was charged in pieces may have left a part of each unused. Then c is divided among its charges: each gets at most what is
unused of it. Behind the charges that have had a share, `less` is lowered only by that part of c. The lows are lowered by at least as
much, so (2) is kept as well (`shared`).

Assumptions: no sum passes MAX_TAT, because a debt of decades is cut off there; and the provider does not change the quota.

Each of these is a claim about one charge, so all hold for any number of charges. Last, as a check of this argument, the same formulas
are run through all states that small limits can reach, in any order and of any length.
"""

from .claim import Claim, Tried
from .words import *


def claims(code):
    less, virtual, now, n = word("less"), word("v"), word("now"), word("n")
    credit, unused, low, backlog, lowest = word("credit"), word("unused"), word("low"), word("backlog"), word("lowest")

    def after(tat, used):
        return umax(tat, now) + used

    given = And(virtual <= less, credit <= unused, unused <= n)
    yield Claim(
        "V: never above an account that subtracts less than the unused amounts", given, after(virtual, n - unused) <= after(less, n - credit)
    )

    x = saturating_sub(less, now)
    yield Claim("charge: the low that is noted is at most the backlog", True, code.noted(low, x) <= x)
    yield Claim("charge: noting another backlog raises no low", True, code.noted(low, backlog) <= low)
    ended = word("ended")
    yield Claim("merge: not above either low", True, And(code.merged(low, ended) <= low, code.merged(low, ended) <= ended))

    # The end of a call. `lowest` is of all stretches since, so at most the low of the stretch of any charge since.
    c = code.credit(unused, lowest, backlog)
    yield Claim("end: at most what was not used is refunded", True, c <= unused)
    yield Claim("end: at most the backlog is refunded, so the subtraction from the TAT does not wrap", True, c <= backlog)
    since = And(lowest <= low, low <= x)
    yield Claim("end: for a later charge, less[j] - c and x[j] - c are at least 0", since, And(c <= less, c <= x))
    yield Claim("end: less[j] - c leads to less[j+1] - c", since, after(less - c, n) == after(less, n) - c)
    lower = code.low_after(low, c)
    yield Claim(
        "end: the low of its stretch is lowered at least as much as x[j]", since, lower <= saturating_sub(less - c, now)
    )
    yield Claim(
        "end: for its own first charge, n - c leads to less[j+1] - c", c <= n, after(less, n - c) == after(less, n) - c
    )
    yield Claim(
        "end: all that was not used is refunded, if no backlog since was smaller",
        And(unused <= lowest, unused <= backlog),
        c == unused,
    )
    call, stretch = word("call"), word("stretch")
    yield Claim("end: all stretches from the call's own on belong to its past", stretch >= call, code.is_past(stretch, call))

    share, more = word("share"), word("more")
    shared = And(since, share + more <= c, more <= n)
    yield Claim(
        "shared: a share of c goes on unchanged, and more is added; the low is still at most x[j]",
        shared,
        And(
            after(less - share, n - more) == after(less, n) - share - more,
            lower <= saturating_sub(less - share, now),
        ),
    )

    yield Claim("reset: a call from before gets nothing back", True, code.credit(unused, code.lowest_of_none(), backlog) == 0)

    yield Tried("all moves, with a burst of 4 and 3 calls under way, charged in pieces and past their estimates", lambda: run(code, 4, 3))
    yield Tried("all moves, with a burst of 8 and 2 calls under way, charged in pieces and past their estimates", lambda: run(code, 8, 2))


def run(code, burst, most_calls):
    """Yields each reachable state in which V is above the account's TAT, as the moves that lead there.

    A state has the backlog of the account and of V. For each call under way, in the order of their stretches, it has the low of the
    stretch and how much of the call will not be used.
    """
    start = (0, 0, ())
    came_from = {start: None}
    todo = [start]
    for state in todo:
        for move, then in moves(code, state, burst, most_calls):
            if then not in came_from:
                came_from[then] = (state, move)
                todo.append(then)
                if then[1] > then[0]:
                    yield history(came_from, then)


def history(came_from, state):
    moves = []
    while came_from[state]:
        state, move = came_from[state]
        moves.insert(0, move)
    return ", ".join(moves)


def moves(code, state, burst, most_calls):
    backlog, virtual, calls = state

    def noted(calls):
        *others, last = calls or [None]
        return (*others, (code.noted(last[0], backlog), last[1])) if calls else ()

    yield "time passes", (max(backlog - 1, 0), max(virtual - 1, 0), calls)
    if backlog < burst:
        yield "1 is charged by others", (backlog + 1, virtual + 1, noted(calls))
    if len(calls) < most_calls:
        for n in range(1, burst - backlog + 1):
            for unused in range(n + 1):
                then = (backlog + n, virtual + n - unused, (*noted(calls), (MAX, unused)))
                yield f"a call of {n} is granted, {unused} of it unused", then
    for index in range(len(calls)):
        # Past its estimate, even if others wait: as a debt.
        if backlog <= burst:
            charged = list(noted(calls))
            low, unused = charged[index]
            yield f"call {index} is charged 1 more", (backlog + 1, virtual + 1, tuple(charged))
            charged[index] = (low, unused + 1)
            if unused < burst:
                yield f"call {index} is charged 1 more, unused", (backlog + 1, virtual, tuple(charged))
        given_back, rest = end(code, index, calls, backlog)
        yield f"call {index} ends, {given_back} refunded", (backlog - given_back, virtual, rest)


def end(code, index, calls, backlog):
    """Returns the refund of a call that ends, and the other calls afterwards."""
    lowest = min((low for at, (low, _) in enumerate(calls) if code.is_past(at, index)), default=code.lowest_of_none())
    given_back = code.credit(calls[index][1], lowest, backlog)

    def lower(at, low):
        # No backlog was noted yet: none is that high.
        return code.low_after(low, given_back) if low < MAX and code.is_past(at, index) else low

    rest = [(lower(at, low), unused) for at, (low, unused) in enumerate(calls)]
    ended, _ = rest.pop(index)
    if index > 0:
        low, unused = rest[index - 1]
        rest[index - 1] = (code.merged(low, ended), unused)
    return given_back, tuple(rest)
