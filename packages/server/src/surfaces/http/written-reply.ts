/** A reply that is JSON already: what serialises replies sends its text as it is. */
class WrittenReply {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  /** For whoever does not know of this class. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** Typed as what the text says: a route returns it in place of the value. */
export const writtenReply = <Reply>(text: string): Reply => new WrittenReply(text) as unknown as Reply

export const writeReply = (reply: unknown): string => (reply instanceof WrittenReply ? reply.text : JSON.stringify(reply))
