declare global {
  namespace App {
    interface PageState {
      /** The photo that is shown over the screen. */
      photo?: string;
      /** The key of the list it is from, whose neighbours follow it. */
      list?: string;
      /** The photo whose comments are shown in a sheet. */
      comments?: string;
      /** Whether one has come to write a comment. */
      writing?: boolean;
    }
  }

  interface WindowEventMap {
    /** Home was tapped at home. */
    refresh: CustomEvent;
    /** The server says that the inbox has changed. */
    told: CustomEvent;
  }

  interface Window {
    /** The answer of the feed that the boot script asked for. */
    bootFeed?: Promise<Response>;
  }
}

export {};
