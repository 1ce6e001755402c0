"""`llm/account.rs`, `llm/lows.rs`: what calls really used, each at the time it was let go, keeps the bound.

Let V be the TAT of a limiter that is told at once what each call will use of its estimate. Whoever is let go by the account's TAT
would be let go by V if V is not above it (`decide` is monotone), and what V grants keeps the bound. So this is to be shown: *V is never
above the account's TAT*, however many calls are under way, in whatever order they end, and whatever the clock does.

Number all charges in their order. Charge j is made at now[j] for n[j], of which unused[j] will not be used: only the call knows, and V.
(What a call uses past its estimate, and what the provider counts besides, are charges of which all is used.) Let credit[j] be what was
given back of charge j so far: 0 until its call ends. Two accounts that never give anything back, told different things:

    told[0] = V[0]
    told[j+1] = max(told[j], now[j]) + n[j] - credit[j]          x[j] = told[j] - now[j], or 0 if that is negative
       V[j+1] = max(   V[j], now[j]) + n[j] - unused[j]

The invariant, after each move, of every charge j so far:

    (1) the account's TAT = told[the number of charges]          "the past in which less had been taken"
    (2) low of the stretch of j <= x[j]                          the stretch of a call begins after its first charge
    (3) credit[j] <= unused[j]

From (3) V <= told, charge by charge (`V`, below), and with (1) V <= TAT. The invariant is kept because

- *a charge* appends to both, and the last stretch has noted the backlog before it (`charge`);
- *the end of a call* with a credit of c, for its first charge, lowers told by c behind that charge, and only there: x of all charges
  since is at least c, by (2), because c is at most the lowest of the lows of all stretches since. So neither `max` is decided
  otherwise than before, and c goes through each later charge unchanged: `end`, for a charge j of which nothing else is known;
- *the stretch of a call that ended* goes on as part of the one before: its low is at most both (`merge`);
- time passes: nothing changes.

A call that was charged in pieces may have left some of each unused. c is then shared out to its charges, to none more than is
unused of it, and behind the charges that have had a share told is lowered by so much of c only: by no more than the lows are, so (2) is
kept as well (`shared`).

Given is that no sum passes MAX_TAT: a debt of decades is cut off there. And that the provider does not change the quota.

Each of these is a claim about one charge, so all hold for any number of charges. Last, as a check of this very argument, the moves
are run, by the same formulas, through all states that small limits can come to, in any order and however long.
"""

from .claim import Claim, Tried
from .words import *


def claims(code):
    told, virtual, now, n = word("told"), word("v"), word("now"), word("n")
    credit, unused, low, backlog, lowest = word("credit"), word("unused"), word("low"), word("backlog"), word("lowest")

    def after(tat, used):
        return umax(tat, now) + used

    given = And(virtual <= told, credit <= unused, unused <= n)
    yield Claim(
        "V: never above what was told of fewer that are unused", given, after(virtual, n - unused) <= after(told, n - credit)
    )

    x = saturating_sub(told, now)
    yield Claim("charge: its backlog is not below the low that is noted of it", True, code.noted(low, x) <= x)
    yield Claim("charge: a low of others that is noted too comes no higher", True, code.noted(low, backlog) <= low)
    ended = word("ended")
    yield Claim("merge: not above either low", True, And(code.merged(low, ended) <= low, code.merged(low, ended) <= ended))

    # The end of a call. `lowest` is of all stretches since, so at most the low of the stretch of any charge since.
    c = code.credit(unused, lowest, backlog)
    yield Claim("end: no more is given back than was not used", True, c <= unused)
    yield Claim("end: no more than the backlog, so the subtraction from the TAT does not wrap", True, c <= backlog)
    since = And(lowest <= low, low <= x)
    yield Claim("end: of a charge since, neither told[j] - c nor x[j] - c is below 0", since, And(c <= told, c <= x))
    yield Claim("end: told[j] - c leads to told[j+1] - c", since, after(told - c, n) == after(told, n) - c)
    lower = code.low_after(low, c)
    yield Claim(
        "end: the low of its stretch is lowered by as much as x[j], or more", since, lower <= saturating_sub(told - c, now)
    )
    yield Claim(
        "end: of its own first charge, so much less leads to told[j+1] - c", c <= n, after(told, n - c) == after(told, n) - c
    )
    yield Claim(
        "end: and it is as much as was not used, if no backlog since was less",
        And(unused <= lowest, unused <= backlog),
        c == unused,
    )
    call, stretch = word("call"), word("stretch")
    yield Claim("end: all stretches from the call's own on are of its past", stretch >= call, code.is_past(stretch, call))

    share, more = word("share"), word("more")
    shared = And(since, share + more <= c, more <= n)
    yield Claim(
        "shared: a share of c goes on unchanged, and more joins it; the low is still not above x[j]",
        shared,
        And(
            after(told - share, n - more) == after(told, n) - share - more,
            lower <= saturating_sub(told - share, now),
        ),
    )

    yield Tried("all of it, with a burst of 4 and 3 calls at a time, estimates added to and gone past", lambda: run(code, 4, 3))
    yield Tried("all of it, with a burst of 8 and 2 calls at a time, estimates added to and gone past", lambda: run(code, 8, 2))


def run(code, burst, most_calls):
    """States, of all that can be come to, in which V is above the account's TAT; with the moves that led there.

    A state is the backlog of the account, that of V, and of each call under way, in the order of their stretches, the low of its
    stretch and how much of it will not be used.
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
        yield "1 is charged besides", (backlog + 1, virtual + 1, noted(calls))
    if len(calls) < most_calls:
        for n in range(1, burst - backlog + 1):
            for unused in range(n + 1):
                then = (backlog + n, virtual + n - unused, (*noted(calls), (MAX, unused)))
                yield f"a call of {n} is let go, {unused} of it unused", then
    for index in range(len(calls)):
        # Past its estimate, whoever waits: as a debt.
        if backlog <= burst:
            charged = list(noted(calls))
            low, unused = charged[index]
            yield f"call {index} is charged 1 more", (backlog + 1, virtual + 1, tuple(charged))
            charged[index] = (low, unused + 1)
            if unused < burst:
                yield f"call {index} is charged 1 more, unused", (backlog + 1, virtual, tuple(charged))
        given_back, rest = end(code, index, calls, backlog)
        yield f"call {index} ends, {given_back} given back", (backlog - given_back, virtual, rest)


def end(code, index, calls, backlog):
    """What a call gives back that ends, and the other calls then."""
    lowest = min((low for at, (low, _) in enumerate(calls) if code.is_past(at, index)), default=0)
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
