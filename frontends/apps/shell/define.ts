/** Names the elements of the frame. Imported by every site. */
import "@peek/ui";
import { PeekAccountMenu } from "./account-menu.ts";
import { PeekConnectionState } from "./connection-state.ts";
import { PeekHomePage } from "./home-page.ts";
import { PeekOutbox } from "./outbox-panel.ts";
import { PeekPasswordDialog } from "./password-dialog.ts";
import { PeekPluginPage } from "./plugin-page.ts";
import { PeekShellBanners } from "./shell-banners.ts";
import { PeekShortcuts } from "./shortcuts.ts";
import { PeekSignIn } from "./sign-in.ts";

const elements: Record<string, CustomElementConstructor> = {
  "peek-account-menu": PeekAccountMenu,
  "peek-connection-state": PeekConnectionState,
  "peek-home-page": PeekHomePage,
  "peek-outbox": PeekOutbox,
  "peek-password-dialog": PeekPasswordDialog,
  "peek-plugin-page": PeekPluginPage,
  "peek-shell-banners": PeekShellBanners,
  "peek-shortcuts": PeekShortcuts,
  "peek-sign-in": PeekSignIn,
};

for (const [name, element] of Object.entries(elements)) customElements.define(name, element);
