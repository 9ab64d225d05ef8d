import type { CallToolResult, Tool as McpTool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js'
import type { ToolResult } from '../../domain/execution/execute-tool.ts'
import type { MetaTool } from '../../domain/sessions/meta-tools.ts'
import type { VisibleTools } from '../../domain/sessions/session-tools.ts'
import type { Tool } from '../../domain/toolkits/toolkit.ts'
import type { HoldfastError } from '../../errors.ts'

export const toMcpTools = ({ meta, preloaded }: VisibleTools): McpTool[] => [...meta, ...preloaded].map(toMcpTool)

const toMcpTool = ({ slug, name, description, tags, inputParameters }: MetaTool | Tool): McpTool => ({
  name: slug,
  title: name,
  description,
  inputSchema: { ...inputParameters, type: 'object' },
  annotations: { title: name, ...annotationsOf(tags) },
})

/** Only what is known: a hint left out means its default to a client, which is the cautious one. */
function annotationsOf(tags: readonly string[]): ToolAnnotations {
  const readOnly = tags.includes('readOnlyHint')
  return {
    readOnlyHint: readOnly,
    // The protocol gives these two a meaning only for tools that change something.
    ...(!readOnly && tags.includes('destructiveHint') && { destructiveHint: true }),
    ...(!readOnly && tags.includes('idempotentHint') && { idempotentHint: true }),
    ...(tags.includes('openWorldHint') && { openWorldHint: true }),
  }
}

/** Twice the same: structured for programs, as text for models whose client knows only that. */
export function toMcpResult({ data, error, successful, logId }: ToolResult): CallToolResult {
  const structuredContent = { successful, data, error, log_id: logId }
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent, isError: !successful }
}

/** A model can read what is wrong and try otherwise. */
export function toMcpRefusal({ message, fix, fields }: HoldfastError): CallToolResult {
  const details = fields.map((field) => `${field.path} ${field.message}`)
  const error = [message, fix, ...details.filter((detail) => !message.includes(detail))].filter(Boolean).join(' ')
  const structuredContent = { successful: false, data: {}, error }
  return { content: [{ type: 'text', text: error }], structuredContent, isError: true }
}
