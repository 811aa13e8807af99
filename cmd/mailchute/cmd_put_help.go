package main

const putHelp = `Writes the message on standard input into a drop folder, as one file of format drop-write
with its envelope: for mail systems that hand each message to a program. The folder is a
maildir; what is missing in it is made, DIR itself is not. Any number may run at once.
A message is in the folder whole and durable when put ends with exit code 0, and not in
it otherwise. It is kept byte for byte; a first line "From …" of mbox is left out.

Exit codes: 0 written; 64 wrong usage, or the folder is drained in another format; 65 an
address or login that cannot be; 75 anything else: try again later.

Run it as the user that mailchute serve runs as. Only the mail system may be able to: the
login that -u names counts as proved.

Postfix, main.cf and master.cf (all recipients of a message in one file):
  virtual_transport = mailchute
  mailchute_destination_recipient_limit = 1000
  mailchute unix - n n - 4 pipe
    flags=Xq user=library null_sender=
    argv=/usr/local/bin/mailchute put --drop /srv/mailchute/drop
    -f ${sender} -u ${sasl_username} -- ${recipient}

Sendmail, sendmail.mc (the arguments of A= begin with the program's name):
  MAILER_DEFINITIONS
  Mmailchute, P=/usr/local/bin/mailchute, F=DFMmnqu, S=EnvFromSMTP/HdrFromSMTP, R=EnvToL/HdrFromSMTP,
    T=DNS/RFC822/X-Unix, U=library:library, L=2040,
    A=mailchute put --drop /srv/mailchute/drop -f $g -u ${auth_authen} -- $u
  LOCAL_RULE_0
  R$+ < @ docs.example.com. > $*    $#mailchute $@ local $: $1 @ docs.example.com

procmail and maildrop, run by Postfix's pipe(8) as above but with one recipient each
(mailchute_destination_recipient_limit = 1) and
    argv=/usr/bin/procmail -m /etc/library.procmailrc ${sender} ${sasl_username} ${recipient}
    argv=/usr/bin/maildrop /etc/library.mailfilter ${sender} ${sasl_username} ${recipient}
library.procmailrc (hand addresses over as $1, never as NAME=${sender}: procmail would run what is in them):
  :0 w
  | /usr/local/bin/mailchute put --drop /srv/mailchute/drop -f "$1" -u "$2" -- "$3"

  EXITCODE=$?
  HOST
library.mailfilter (of the user library, mode 0600; the single quotes matter):
  SENDER=$1
  LOGIN=$2
  RECIPIENT=$3
  to '| /usr/local/bin/mailchute put --drop /srv/mailchute/drop -f "$SENDER" -u "$LOGIN" -- "$RECIPIENT"'`
