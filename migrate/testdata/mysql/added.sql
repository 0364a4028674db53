alter table `people` add column `role` text default 'user' not null;

alter table `people` add column `level` integer default 3;

alter table `people` add column `big` bigint;

alter table `people` add column `beta` boolean default true not null;

alter table `people` add column `handle` varchar(255);

alter table `people` add column `code` varchar(255) default 'it''s' not null;

alter table `people` add column `seenAt` timestamp(3) default CURRENT_TIMESTAMP(3);

alter table `people` add column `tags` json;

alter table `people` add column `scores` json;

alter table `people` add column `extra` json;

alter table `people` add column `city` varchar(255);

create table `a_rather_long_table_name_that_leaves_little_room_for_columns` (`id` varchar(36) not null primary key, `ownerId` varchar(36) references `people` (`id`) on delete set null, `mail` varchar(36) not null references `people` (`email_address`) on delete restrict, `label` varchar(191) not null, `kind` varchar(191) not null, `secret` varchar(255) not null unique);

create table `rateLimit` (`id` varchar(36) not null primary key, `key` varchar(255) not null unique, `count` integer not null, `lastRequest` bigint not null);

create unique index `people_handle_uidx` on `people` (`handle`);

create unique index `people_code_uidx` on `people` (`code`);

create index `people_city_idx` on `people` (`city`);

create index `a_rather_long_table_name_that_leaves_little_room_f_9461fa30_idx` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`label`);

create unique index `a_rather_long_table_name_that_leaves_little_room__6a82e830_uidx` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`kind`, `label`);

create index `thing_lookup` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`label`, `kind`);
