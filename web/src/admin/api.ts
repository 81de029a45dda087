/** The calls of administrators; the client library has no part in them. */
import type { Page, Self } from "../client";
import { query } from "../client/http";
import { client } from "../state/client";

/** An account as administrators see it. */
export interface ManagedUser extends Self {
  banned_at: string | null;
  ban_reason: string | null;
}

export interface PeopleFilter {
  q: string;
  role: string;
  plan: string;
  /** "", "true" or "false". */
  banned: string;
}

export interface NewUser {
  username: string;
  email: string;
  display_name?: string;
  role: string;
}

export interface Plan {
  name: string;
  requests_per_minute: number;
  tokens_per_day: number;
}

export interface Role {
  role: string;
  permissions: string[];
}

export interface AuditEvent {
  id: string;
  at: string;
  action: string;
  actor_id: string | null;
  target_id: string | null;
  address: string;
  user_agent: string;
  request_id: string;
  detail: Record<string, unknown>;
}

export interface AuditFilter {
  action?: string;
  target_id?: string;
}

export interface ServerStats {
  users: number;
  conversations: number;
  messages: number;
  /** Sockets of the process that answers. */
  connections: number;
  /** People with an open device; null while nobody can tell. */
  online: number | null;
}

const get = <T>(path: string) => client.request<T>("GET", path);

export const admin = {
  people: (filter: PeopleFilter, cursor?: string) =>
    get<Page<ManagedUser>>(`/admin/users${query({ ...filter, cursor })}`),
  person: (id: string) => get<ManagedUser>(`/admin/users/${id}`),
  createPerson: (wish: NewUser) => client.request<ManagedUser>("POST", "/admin/users", wish),
  update: (id: string, changes: { role?: string; plan?: string }) =>
    client.request<ManagedUser>("PATCH", `/users/${id}`, changes),
  ban: (id: string, reason: string) =>
    client.request<ManagedUser>("POST", `/admin/users/${id}/ban`, { reason }),
  unban: (id: string) => client.request<ManagedUser>("DELETE", `/admin/users/${id}/ban`),
  endSessions: (id: string) => client.request<void>("DELETE", `/admin/users/${id}/sessions`),
  roles: async () => (await get<{ items: Role[] }>("/admin/roles")).items,
  plans: async () => (await get<{ items: Plan[] }>("/admin/plans")).items,
  updatePlan: (name: string, changes: Omit<Plan, "name">) =>
    client.request<Plan>("PATCH", `/admin/plans/${encodeURIComponent(name)}`, changes),
  audit: (filter: AuditFilter, cursor?: string) =>
    get<Page<AuditEvent>>(`/admin/audit${query({ ...filter, limit: 50, cursor })}`),
  stats: async () => (await get<{ server: ServerStats }>("/stats")).server,
};
