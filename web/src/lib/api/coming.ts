import type { components } from './schema';

// What the API's document does not say yet. It goes with the next `npm run api`.

type Schemas = components['schemas'];

export type Notification = Schemas['Notification'] & {
  /** When the row was told last, and moved to the top (RFC 3339). */
  updated_at?: string;
};

export type Notifications = Omit<Schemas['Notifications'], 'notifications'> & {
  notifications: Notification[];
  /** With a cursor: rows told since the walk began, each once, newest first. */
  newer?: Notification[];
};

export interface DeviceView {
  device_id: string;
  platform: 'web' | 'ios' | 'android';
  language: string;
  created_at: string;
  /** Whether it is of the session that asks. */
  current: boolean;
}

export interface Devices {
  devices: DeviceView[];
  /** The key that browsers subscribe with, in base64url. */
  web_push_key: string;
}

export interface DeviceRequest {
  platform: 'web';
  subscription: { endpoint: string; keys: { p256dh: string; auth: string } };
  language?: string;
}

/** Where a kind of notification goes. */
export interface Channels {
  push: boolean;
}

export interface QuietHours {
  from: string;
  to: string;
  time_zone: string;
}

export interface NotificationSettings {
  kinds: Record<string, Channels>;
  quiet_hours?: QuietHours | null;
}

export interface NotificationSettingsRequest {
  kinds?: Record<string, Partial<Channels>>;
  quiet_hours?: QuietHours | null;
}

type Answer<T> = { responses: { 200: { headers: object; content: { 'application/json': T } } } };
type With<T> = { requestBody: { content: { 'application/json': T } } };

export interface ComingPaths {
  '/api/v1/devices': { get: Answer<Devices>; post: Answer<DeviceView> & With<DeviceRequest> };
  '/api/v1/devices/{device_id}': {
    delete: { parameters: { path: { device_id: string } }; responses: { 204: { headers: object; content?: never } } };
  };
  '/api/v1/users/me/notification-settings': {
    get: Answer<NotificationSettings>;
    patch: Answer<NotificationSettings> & With<NotificationSettingsRequest>;
  };
}
