/** The desktop site. */
import { boot } from "../shell/boot.ts";
import { DesktopApp } from "./desktop-app.ts";

boot("desktop", DesktopApp, { offline: true });
