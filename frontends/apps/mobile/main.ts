/** The mobile site. */
import { boot } from "../shell/boot.ts";
import { MobileApp } from "./mobile-app.ts";

boot("mobile", MobileApp, { offline: true });
