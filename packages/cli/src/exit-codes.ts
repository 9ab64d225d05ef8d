/** Part of the interface: scripts read them. */
export const FAILED = 1
export const WRONG_USE = 2
/** The import ended, and some of its rows were not imported. (Of `doctor`: no Holdfast server answers there.) */
export const SOME_ROWS_FAILED = 3
/** As a shell says it of a command that ended by Ctrl-C. */
export const INTERRUPTED = 130
