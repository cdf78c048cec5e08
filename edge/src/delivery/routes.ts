/** The doors out, mounted by index.ts: bytes and playlists, which may have a host of their own, and the rest. */
import { createApp } from "../http/app.ts";
import { byteRoutes } from "./routes/bytes.ts";
import { deleteRoutes } from "./routes/delete.ts";
import { healthRoutes } from "./routes/health.ts";
import { hlsRoutes } from "./routes/hls.ts";
import { recordRoutes } from "./routes/record.ts";

export const byteDoors = createApp().route("/", byteRoutes).route("/", hlsRoutes);

export const deliveryRoutes = createApp()
  .route("/", healthRoutes)
  .route("/", recordRoutes)
  .route("/", deleteRoutes);
