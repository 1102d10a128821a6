/** Offline use of a site: registers its service worker where the browser allows one, and tells when a new version took over. */
class OfflineUse extends EventTarget {
  /** A newer version of the site is in charge; this page still runs the one before. */
  newVersion = false;
  private started = false;

  /** Asks for the worker. A browser that refuses leaves the site as it is: online only. */
  async start(): Promise<void> {
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!window.isSecureContext || !workers) return;
    this.started = true;
    const hadWorker = workers.controller !== null;
    workers.addEventListener("controllerchange", () => {
      // The first worker ever takes charge of the version that is running.
      if (!hadWorker) return;
      this.newVersion = true;
      this.dispatchEvent(new Event("change"));
    });
    try {
      await workers.register("/sw.js", { scope: "/", updateViaCache: "none" });
    } catch (error) {
      console.warn("Offline use is off: the service worker was refused.", error);
    }
  }

  /** Has the worker fetch the pages of these modules, so that those nobody has opened yet open without a network too. */
  keep(modules: readonly string[]): void {
    if (!this.started) return;
    void navigator.serviceWorker.ready.then(({ active }) => active?.postMessage({ keep: modules.map(treeOf) }));
  }
}

/** The address of the tree that a plugin's module is part of: `/p/<plugin>/<hash>/`. */
export function treeOf(module: string): string {
  return module.split("/").slice(0, 4).join("/") + "/";
}

/** One for the page, because the browser has one container of workers. */
export const offlineUse = new OfflineUse();
