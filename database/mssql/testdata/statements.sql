-- create
INSERT INTO [rateLimit] ([id], [key], [count]) OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] VALUES (@p1, @p2, @p3)

-- create with an id that the table counts up
SET IDENTITY_INSERT [rateLimit] ON; INSERT INTO [rateLimit] ([id], [key]) OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] VALUES (@p1, @p2); SET IDENTITY_INSERT [rateLimit] OFF

-- create with an id that the table gives
INSERT INTO [rateLimit] ([key]) OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] VALUES (@p1)

-- create without values
INSERT INTO [rateLimit] OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] DEFAULT VALUES

-- find one by id
SELECT [id], [key], [count], [lastRequest] FROM [rateLimit] WHERE ([id] = CAST(@p1 AS varchar(36)) AND (CAST([id] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p2 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY

-- find one by a foreign key and its row
SELECT t.[id], t.[expiresAt], t.[token], t.[createdAt], t.[updatedAt], t.[ipAddress], t.[userAgent], t.[userId], j0.[id], j0.[name], j0.[email], j0.[emailVerified], j0.[image], j0.[createdAt], j0.[updatedAt] FROM [session] AS t LEFT JOIN [user] AS j0 ON j0.[id] = t.[userId] WHERE (t.[token] = @p1 AND (CAST(t.[token] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p2 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY

-- find a page
SELECT [id], [key], [count], [lastRequest] FROM [rateLimit] ORDER BY [count] DESC, [key] OFFSET @p2 ROWS FETCH NEXT @p1 ROWS ONLY

-- find a part in any order
SELECT [id], [key], [count], [lastRequest] FROM [rateLimit] ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p1 ROWS ONLY

-- find by text
SELECT [id], [key], [count], [lastRequest] FROM [rateLimit] WHERE CAST([key] AS nvarchar(max)) COLLATE Latin1_General_100_BIN2 LIKE CAST(@p1 AS nvarchar(max)) ESCAPE N'!' AND LOWER(CAST(CAST([key] AS nvarchar(max)) AS nvarchar(max))) COLLATE Latin1_General_100_BIN2 LIKE LOWER(CAST(CAST(@p2 AS nvarchar(max)) AS nvarchar(max))) ESCAPE N'!' AND (CAST(LOWER(CAST([key] AS nvarchar(max))) AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(LOWER(CAST(@p3 AS nvarchar(max))) AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 <> (CAST(@p4 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p5 ROWS ONLY

-- find by lists
SELECT [id], [key], [count], [lastRequest] FROM [rateLimit] WHERE ([id] IN (CAST(@p1 AS varchar(36)), CAST(@p2 AS varchar(36)), CAST(@p3 AS varchar(36)), CAST(@p4 AS varchar(36))) AND (CAST([id] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 IN ((CAST(@p5 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2, (CAST(@p6 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2, (CAST(@p7 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2, (CAST(@p8 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2)) AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 NOT IN ((CAST(@p9 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) AND (1=0 OR [count] IS NULL) ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p10 ROWS ONLY

-- find by comparison
SELECT [id], [name], [email], [emailVerified], [image], [createdAt], [updatedAt] FROM [user] WHERE [createdAt] < @p1 AND [emailVerified] = @p2 ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p3 ROWS ONLY

-- count
SELECT COUNT(*) FROM [rateLimit] WHERE [count] >= @p1

-- update one by id
UPDATE [rateLimit] SET [key] = @p1 OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] WHERE ([id] = CAST(@p2 AS varchar(36)) AND (CAST([id] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p3 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2)

-- update one of several
UPDATE [rateLimit] SET [key] = @p1 OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] WHERE [id] = (SELECT [id] FROM [rateLimit] WITH (UPDLOCK, ROWLOCK) WHERE [count] = @p2 ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY) AND [count] = @p3

-- update all that match
UPDATE [rateLimit] SET [key] = @p1 WHERE [count] = @p2

-- delete all that match
DELETE FROM [rateLimit] WHERE [count] < @p1

-- consume one
DELETE FROM [rateLimit] OUTPUT deleted.[id], deleted.[key], deleted.[count], deleted.[lastRequest] WHERE [id] = (SELECT [id] FROM [rateLimit] WITH (UPDLOCK, ROWLOCK) WHERE ([key] = @p1 AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p2 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY) AND ([key] = @p3 AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p4 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2)

-- increment one
UPDATE [rateLimit] SET [count] = COALESCE([count], 0) + @p1, [lastRequest] = @p2 OUTPUT inserted.[id], inserted.[key], inserted.[count], inserted.[lastRequest] WHERE [id] = (SELECT [id] FROM [rateLimit] WITH (UPDLOCK, ROWLOCK) WHERE ([key] = @p3 AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p4 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) AND [count] < @p5 ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY) AND ([key] = @p6 AND (CAST([key] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p7 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) AND [count] < @p8

-- find and hold
SELECT [id], [name], [email], [emailVerified], [image], [createdAt], [updatedAt] FROM [user] WITH (UPDLOCK, ROWLOCK) WHERE ([id] = CAST(@p1 AS varchar(36)) AND (CAST([id] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 = (CAST(@p2 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2) ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT 1 ROWS ONLY

-- find many and what belongs to each
SELECT [id], [name], [email], [emailVerified], [image], [createdAt], [updatedAt] FROM [user] ORDER BY (SELECT NULL) OFFSET 0 ROWS FETCH NEXT @p1 ROWS ONLY
SELECT [id], [expiresAt], [token], [createdAt], [updatedAt], [ipAddress], [userAgent], [userId] FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY [userId] ORDER BY [userId]) AS [ostiary row number] FROM [session] WHERE ([userId] IN (CAST(@p1 AS varchar(36)), CAST(@p2 AS varchar(36))) AND (CAST([userId] AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2 IN ((CAST(@p3 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2, (CAST(@p4 AS nvarchar(max)) + N'.') COLLATE Latin1_General_100_BIN2))) AS t WHERE [ostiary row number] <= @p5

-- pattern of contains 50%_[a-z]!
%50!%!_![a-z]!!%

-- pattern of starts_with ^x]
^x]%

-- pattern of ends_with \
%\
