import { ADMIN_SECTIONS, type AdminSection } from "../state/route";
import { a } from "../strings/admin";
import type { IconName } from "../ui/Icon";
import { SectionsDialog } from "../ui/SectionsDialog";
import { AuditLog } from "./AuditLog";
import { Overview } from "./Overview";
import { People } from "./People";
import { Person } from "./Person";
import { Plans } from "./Plans";
import { Roles } from "./Roles";
import "../styles/admin.css";

const ICONS: Record<AdminSection, IconName> = {
  overview: "chart",
  people: "people",
  roles: "lock",
  plans: "gauge",
  audit: "clock",
};

interface AdminProps {
  section: AdminSection | null;
  /** Of the person whose account is open. */
  id?: string | undefined;
}

/** What administrators do: accounts, roles, bans, plans, the audit log. */
export function AdminView({ section, id }: AdminProps) {
  return (
    <SectionsDialog
      page="admin"
      title={a.title}
      sections={ADMIN_SECTIONS.map((name) => ({ name, label: a.sections[name] ?? name, icon: ICONS[name] }))}
      section={section}
      to={(next) => ({ page: "admin", section: next })}
      part={id}
      back={id ? { page: "admin", section: "people" } : undefined}
      wide
    >
      <Content section={section ?? "overview"} id={id} />
    </SectionsDialog>
  );
}

function Content({ section, id }: { section: AdminSection; id: string | undefined }) {
  switch (section) {
    case "overview":
      return <Overview />;
    case "people":
      return id ? <Person key={id} id={id} /> : <People />;
    case "roles":
      return <Roles />;
    case "plans":
      return <Plans />;
    case "audit":
      return <AuditLog />;
  }
}
