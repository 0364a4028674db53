create table "people" ("id" text not null primary key, "name" text not null, "email_address" text not null unique, "emailVerified" boolean not null, "image" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null, "role" text not null, "level" integer, "big" bigint, "beta" boolean not null, "handle" text unique, "code" text not null unique, "seenAt" timestamptz default CURRENT_TIMESTAMP, "tags" jsonb, "scores" jsonb, "extra" jsonb, "city" text);

create table "session" ("id" text not null primary key, "expiresAt" timestamptz not null, "token" text not null unique, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null, "ipAddress" text, "userAgent" text, "userId" text not null references "people" ("id") on delete cascade);

create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "people" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" timestamptz, "refreshTokenExpiresAt" timestamptz, "scope" text, "password" text, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz not null);

create table "verification" ("id" text not null primary key, "identifier" text not null, "value" text not null, "expiresAt" timestamptz not null, "createdAt" timestamptz default CURRENT_TIMESTAMP not null, "updatedAt" timestamptz default CURRENT_TIMESTAMP not null);

create table "a_rather_long_table_name_that_leaves_little_room_for_columns" ("id" text not null primary key, "ownerId" text references "people" ("id") on delete set null, "mail" text not null references "people" ("email_address") on delete restrict, "label" text not null, "kind" text not null, "secret" text not null unique);

create table "rateLimit" ("id" text not null primary key, "key" text not null unique, "count" integer not null, "lastRequest" bigint not null);

create index "people_city_idx" on "people" ("city");

create index "session_userId_idx" on "session" ("userId");

create index "account_userId_idx" on "account" ("userId");

create index "verification_identifier_idx" on "verification" ("identifier");

create index "a_rather_long_table_name_that_leaves_little_room_f_9461fa30_idx" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("label");

create unique index "a_rather_long_table_name_that_leaves_little_room__6a82e830_uidx" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("kind", "label");

create index "thing_lookup" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("label", "kind");
