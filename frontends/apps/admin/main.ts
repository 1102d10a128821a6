/** The admin site. */
import { boot } from "../shell/boot.ts";
import { AdminApp } from "./admin-app.ts";
import "./define.ts";

boot("admin", AdminApp, { offline: false });
