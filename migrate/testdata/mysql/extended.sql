create table `people` (`id` varchar(36) not null primary key, `name` varchar(255) not null, `email_address` varchar(255) not null unique, `emailVerified` boolean not null, `image` text, `createdAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null, `role` text not null, `level` integer, `big` bigint, `beta` boolean not null, `handle` varchar(255) unique, `code` varchar(255) not null unique, `seenAt` timestamp(3) default CURRENT_TIMESTAMP(3), `tags` json, `scores` json, `extra` json, `city` varchar(255));

create table `session` (`id` varchar(36) not null primary key, `expiresAt` timestamp(3) not null, `token` varchar(255) not null unique, `createdAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` timestamp(3) not null, `ipAddress` text, `userAgent` text, `userId` varchar(36) not null references `people` (`id`) on delete cascade);

create table `account` (`id` varchar(36) not null primary key, `accountId` text not null, `providerId` text not null, `userId` varchar(36) not null references `people` (`id`) on delete cascade, `accessToken` text, `refreshToken` text, `idToken` text, `accessTokenExpiresAt` timestamp(3), `refreshTokenExpiresAt` timestamp(3), `scope` text, `password` text, `createdAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` timestamp(3) not null);

create table `verification` (`id` varchar(36) not null primary key, `identifier` varchar(255) not null, `value` text not null, `expiresAt` timestamp(3) not null, `createdAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null, `updatedAt` timestamp(3) default CURRENT_TIMESTAMP(3) not null);

create table `a_rather_long_table_name_that_leaves_little_room_for_columns` (`id` varchar(36) not null primary key, `ownerId` varchar(36) references `people` (`id`) on delete set null, `mail` varchar(36) not null references `people` (`email_address`) on delete restrict, `label` varchar(191) not null, `kind` varchar(191) not null, `secret` varchar(255) not null unique);

create table `rateLimit` (`id` varchar(36) not null primary key, `key` varchar(255) not null unique, `count` integer not null, `lastRequest` bigint not null);

create index `people_city_idx` on `people` (`city`);

create index `session_userId_idx` on `session` (`userId`);

create index `account_userId_idx` on `account` (`userId`);

create index `verification_identifier_idx` on `verification` (`identifier`);

create index `a_rather_long_table_name_that_leaves_little_room_f_9461fa30_idx` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`label`);

create unique index `a_rather_long_table_name_that_leaves_little_room__6a82e830_uidx` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`kind`, `label`);

create index `thing_lookup` on `a_rather_long_table_name_that_leaves_little_room_for_columns` (`label`, `kind`);
