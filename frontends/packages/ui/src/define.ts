/** Names every element once. A second copy of this module on a page would be a fault of the build, and the browser says so. */
import { PeekBanner } from "./elements/banner.ts";
import { PeekCard } from "./elements/card.ts";
import { PeekClash } from "./elements/clash.ts";
import { PeekQuestion } from "./elements/confirm.ts";
import { PeekDialog } from "./elements/dialog.ts";
import { PeekField } from "./elements/field.ts";
import { PeekFreshness } from "./elements/freshness.ts";
import { PeekIcon } from "./elements/icon.ts";
import { PeekForm } from "./elements/form.ts";
import { PeekImport } from "./elements/import.ts";
import { PeekLoaderTable } from "./elements/loader-table.ts";
import { PeekProgress } from "./elements/progress.ts";
import { PeekRowEditor } from "./elements/row-editor.ts";
import { PeekSidePanel } from "./elements/side-panel.ts";
import { PeekSkeleton } from "./elements/skeleton.ts";
import { PeekSpark } from "./elements/spark.ts";
import { PeekState } from "./elements/state.ts";
import { PeekTable } from "./elements/table.ts";
import { PeekTableFiles } from "./elements/table-files.ts";
import { PeekTile } from "./elements/tile.ts";
import { PeekTime } from "./elements/time.ts";
import { PeekToastRegion } from "./elements/toast.ts";
import { PeekView } from "./elements/view.ts";

const elements: Record<string, CustomElementConstructor> = {
  "peek-banner": PeekBanner,
  "peek-card": PeekCard,
  "peek-clash": PeekClash,
  "peek-dialog": PeekDialog,
  "peek-field": PeekField,
  "peek-freshness": PeekFreshness,
  "peek-icon": PeekIcon,
  "peek-form": PeekForm,
  "peek-import": PeekImport,
  "peek-loader-table": PeekLoaderTable,
  "peek-progress": PeekProgress,
  "peek-question": PeekQuestion,
  "peek-row-editor": PeekRowEditor,
  "peek-side-panel": PeekSidePanel,
  "peek-skeleton": PeekSkeleton,
  "peek-spark": PeekSpark,
  "peek-state": PeekState,
  "peek-table": PeekTable,
  "peek-table-files": PeekTableFiles,
  "peek-tile": PeekTile,
  "peek-time": PeekTime,
  "peek-toast": PeekToastRegion,
  "peek-view": PeekView,
};

for (const [name, element] of Object.entries(elements)) customElements.define(name, element);
