-- How many messages of a sender were taken in an hour; only where the farm limits that.
CREATE TABLE sender_counts (
	hour     BIGINT NOT NULL, -- when it begins
	sender   TEXT NOT NULL,   -- the key of the address, and how sure we are of it
	messages BIGINT NOT NULL,
	PRIMARY KEY (hour, sender)
);
