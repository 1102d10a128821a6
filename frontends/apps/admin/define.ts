/** Names the elements of the admin site. */
import { AdminRail } from "./rail.ts";
import { AdminSearch } from "./search.ts";
import { AdminActivity } from "./pages/activity.ts";
import { AdminActivityRecord } from "./pages/activity-record.ts";
import { AdminOverview } from "./pages/overview.ts";
import { AdminPeople } from "./pages/people.ts";
import { AdminPerson } from "./pages/person.ts";
import { AdminPlugins } from "./pages/plugins.ts";
import { AdminSettings } from "./pages/settings.ts";
import { AdminTasks } from "./pages/tasks.ts";
import { AdminTraffic } from "./pages/traffic.ts";

const elements: Record<string, CustomElementConstructor> = {
  "admin-activity": AdminActivity,
  "admin-activity-record": AdminActivityRecord,
  "admin-overview": AdminOverview,
  "admin-people": AdminPeople,
  "admin-person": AdminPerson,
  "admin-plugins": AdminPlugins,
  "admin-rail": AdminRail,
  "admin-search": AdminSearch,
  "admin-settings": AdminSettings,
  "admin-tasks": AdminTasks,
  "admin-traffic": AdminTraffic,
};

for (const [name, element] of Object.entries(elements)) customElements.define(name, element);
