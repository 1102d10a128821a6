/** The one-time code of a sign-in link, `/sign-in#code=…`. It stands behind the `#` so that it reaches no server log. */
export function signInCode(location: { readonly pathname: string; readonly hash: string }): string {
  if (location.pathname !== "/sign-in") return "";
  return new URLSearchParams(location.hash.replace(/^#/, "")).get("code") ?? "";
}
