export { SignsOfLife as default } from "./page.js";
