/**
 * @peek/ui: what the pages of all sites are made of. Importing it defines the `peek-…` elements. Plugin pages extend `PeekPage`, adopt
 * nothing else, and write native HTML and these elements.
 */
export { PeekPage } from "./page.ts";
export { ObserveController, type ObserveStatus, type Selector, type SelectorSource } from "./data/observe-controller.ts";
export { Taps } from "./data/taps.ts";
export { type Cell, type Column, type Sort } from "./data/table-model.ts";
export { type FormField } from "./data/form-model.ts";
export { type StateKind } from "./elements/state.ts";
export { toast } from "./elements/toast.ts";
export { confirmDialog, type Question } from "./elements/confirm.ts";
export { iconNames } from "./elements/icon.ts";
export { controls } from "./theme/controls.ts";
export { typography } from "./theme/typography.ts";
export { adoptTheme, chooseTheme, currentTheme, type Theme } from "./theme/theme.ts";
export { ago, bytes, duration, number, percent, plural, stamp, time, toDate } from "./format.ts";
export { texts as uiTexts } from "./texts.ts";
import "./define.ts";
