-- What the end of a pair room means for its pool. Before `room`, which calls it.

local pair_closed
