import type { LinkId } from '../../ids.ts'
import { requireProject } from '../projects/projects.service.ts'
import { capturedFields, templateVarsOf } from '../toolkits/auth-definitions.ts'
import type { FieldDescriptor } from '../toolkits/definition.ts'
import { settleConditions } from '../toolkits/field-visibility.ts'
import { hasValue } from '../toolkits/fields.ts'
import { flowOf } from './authorization-flow.ts'
import type { LinkView } from './connect-link.ts'
import { type Connecting, type ConnectingDeps, findLink, openConnecting, stateOf } from './connecting.ts'

/**
 * What the page of a link shows. Looking changes nothing: mail programs and chats look before people do.
 * @throws HoldfastError `link_not_found`, `auth_config_not_found`, `auth_config_disabled`
 */
export async function openLink(deps: ConnectingDeps, linkId: string): Promise<LinkView> {
  const link = await findLink(deps, linkId)
  const connecting = await openConnecting(deps, link)
  const { config: project, name } = await requireProject(deps, link.projectId)
  const { toolkit, auth } = connecting
  const { definition } = toolkit
  const flow = flowOf(auth.scheme)
  return {
    linkId: linkId as LinkId,
    toolkit: {
      slug: toolkit.slug,
      name: toolkit.name,
      description: toolkit.description,
      ...(definition.logo !== undefined && { logo: definition.logo }),
      ...(definition.app_url !== undefined && { appUrl: definition.app_url }),
    },
    ...(definition.auth_guide_url !== undefined && { authGuideUrl: definition.auth_guide_url }),
    scheme: auth.scheme,
    continuesAtProvider: flow !== undefined,
    reconnects: link.reconnects,
    scopes: flow?.scopes(connecting) ?? [],
    fields: fieldsToAsk(connecting),
    projectName: project.displayName ?? name,
    ...(project.logoUrl !== undefined && { projectLogoUrl: project.logoUrl }),
    state: stateOf(connecting, deps.now()),
    expiresAt: link.expiresAt,
  }
}

/**
 * What the person is asked for: nothing that the app or its auth config has set, and nothing else may be typed. Of an account
 * that is connected again the old credential is of no use, so that part is asked for anew.
 */
export function fieldsToAsk({ auth, link, stored, shared, client }: Connecting): FieldDescriptor[] {
  const isShown = ({ hidden }: FieldDescriptor) => hidden !== true
  const isSetIn = (values: Readonly<Record<string, unknown>>, { name }: FieldDescriptor) => hasValue(values[name])
  // A setting of the auth config counts as well, such as the one tenant that its client is for.
  const settings = { ...client, ...shared, ...stored }
  const connection = auth.connection_fields.filter((field) => !isSetIn(settings, field))
  const captured = capturedFields(auth)
  if (flowOf(auth.scheme)) {
    const asked = connection.filter((field) => isShown(field) && !captured.has(field.name))
    return settleConditions(asked, templateVarsOf(auth, { ...shared, ...stored }))
  }
  const known = link.reconnects ? shared : { ...shared, ...stored }
  const asked = [...connection, ...auth.credential_fields.filter((field) => !isSetIn(known, field))].filter(isShown)
  return settleConditions(asked, templateVarsOf(auth, known))
}
