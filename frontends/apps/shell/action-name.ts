/** `peek_plugin_tutorial.AddIntValue` as people read it: "Add int value". */
export function actionName(type: string): string {
  const words = (type.split(".").at(-1) ?? type).replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
