/** Milliseconds since 1970. Passed in, so that tests can hold time still. */
export type Clock = () => number
