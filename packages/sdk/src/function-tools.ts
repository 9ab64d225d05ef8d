import type { RequestOptions } from './config.ts'
import { HoldfastValidationError } from './errors.ts'
import type { Session } from './session.ts'
import type { Tools } from './tools.resource.ts'

/** A tool call in a model's answer. */
export interface FunctionToolCall {
  id: string
  type: string
  function?: { name: string; arguments: unknown }
}

/** The part of a chat completion that is read. */
export interface ChatCompletionLike {
  choices: readonly { message: { tool_calls?: readonly FunctionToolCall[] | null | undefined } }[]
}

export interface ToolMessage {
  role: 'tool'
  tool_call_id: string
  content: string
}

/** Runs what a model asked for. `target` is the user whose connections are used, or the session. */
export class FunctionToolProvider {
  readonly name = 'openai'
  readonly #tools: Tools

  /** @internal */
  constructor(tools: Tools) {
    this.#tools = tools
  }

  /**
   * Runs every tool call of a chat completion; the answers go into the next request's messages.
   *
   * @example
   * messages.push(completion.choices[0].message, ...(await holdfast.provider.handleToolCalls('user_123', completion)))
   */
  async handleToolCalls(
    target: string | Session,
    completion: ChatCompletionLike,
    request?: RequestOptions,
  ): Promise<ToolMessage[]> {
    const outputs: ToolMessage[] = []
    for (const call of completion.choices[0]?.message.tool_calls ?? []) {
      if (call.type !== 'function' || !call.function) continue
      const content = await this.executeToolCall(target, call, request)
      outputs.push({ role: 'tool', tool_call_id: call.id, content })
    }
    return outputs
  }

  /** Runs one tool call; the answer is the result as JSON. */
  async executeToolCall(target: string | Session, call: FunctionToolCall, request?: RequestOptions): Promise<string> {
    if (!call.function) throw new HoldfastValidationError('That is not a function call.')
    const { name } = call.function
    const args = argumentsOf(call.function.arguments, name)
    const result =
      typeof target === 'string'
        ? await this.#tools.execute(name, { userId: target, arguments: args }, request)
        : await target.execute(name, args, {}, request)
    return JSON.stringify(result)
  }
}

/** Models send JSON text, an object, or nothing at all for a tool without parameters. */
function argumentsOf(given: unknown, slug: string): Record<string, unknown> {
  if (given === undefined || given === null || given === '') return {}
  let value = given
  if (typeof given === 'string') {
    try {
      value = JSON.parse(given)
    } catch {
      throw new HoldfastValidationError(`The arguments for ${slug} are not valid JSON.`)
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new HoldfastValidationError(`The arguments for ${slug} are not an object.`)
  return value as Record<string, unknown>
}
