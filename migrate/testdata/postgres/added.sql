alter table "people" add column "role" text default 'user' not null;

alter table "people" add column "level" integer default 3;

alter table "people" add column "big" bigint;

alter table "people" add column "beta" boolean default true not null;

alter table "people" add column "handle" text;

alter table "people" add column "code" text default 'it''s' not null;

alter table "people" add column "seenAt" timestamptz default CURRENT_TIMESTAMP;

alter table "people" add column "tags" jsonb;

alter table "people" add column "scores" jsonb;

alter table "people" add column "extra" jsonb;

alter table "people" add column "city" text;

create table "a_rather_long_table_name_that_leaves_little_room_for_columns" ("id" text not null primary key, "ownerId" text references "people" ("id") on delete set null, "mail" text not null references "people" ("email_address") on delete restrict, "label" text not null, "kind" text not null, "secret" text not null unique);

create table "rateLimit" ("id" text not null primary key, "key" text not null unique, "count" integer not null, "lastRequest" bigint not null);

create unique index "people_handle_uidx" on "people" ("handle");

create unique index "people_code_uidx" on "people" ("code");

create index "people_city_idx" on "people" ("city");

create index "a_rather_long_table_name_that_leaves_little_room_f_9461fa30_idx" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("label");

create unique index "a_rather_long_table_name_that_leaves_little_room__6a82e830_uidx" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("kind", "label");

create index "thing_lookup" on "a_rather_long_table_name_that_leaves_little_room_for_columns" ("label", "kind");
