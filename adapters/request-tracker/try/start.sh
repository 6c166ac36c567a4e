#!/usr/bin/env bash
# start.sh FOLDER PORT: starts a Request Tracker in a folder of its own. The tokens are in FOLDER/token and FOLDER/token.NAME.
set -euo pipefail
folder=$1 port=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder/etc" "$folder/mason" "$folder/session"
# The smallest cost of hashing: the token of each request is hashed, and no one attacks this place.
cat > "$folder/RT_SiteConfig.pm" <<PERL
Set(\$rtname, 'test');
Set(\$Organization, 'test');
Set(\$DatabaseType, 'SQLite');
Set(\$DatabaseName, '$folder/rt.sqlite');
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $port);
Set(\$LogToSyslog, undef);
Set(\$LogToSTDERR, 'error');
Set(\$Timezone, 'America/New_York');
Set(\$BcryptCost, 4);
\$RT::MasonDataDir = '$folder/mason';
\$RT::MasonSessionDir = '$folder/session';
\$RT::VarPath = '$folder';
my @states = qw(planned active suspended expired terminated);
Set(%Lifecycles, agreements => {
    type => 'asset',
    initial => ['planned'], active => ['active', 'suspended'], inactive => ['expired', 'terminated'],
    defaults => { on_create => 'planned' },
    transitions => { '' => ['planned'], map { my \$from = \$_; \$from => [grep { \$_ ne \$from } @states] } @states },
    rights => { '* -> *' => 'ModifyAsset' },
});
1;
PERL
export RT_SITE_CONFIG="$folder/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$folder/etc" RT_TOKEN_FILE="$folder/token"
(umask 077 && touch "$RT_TOKEN_FILE"{,.sees-one-group,.sees-no-field})
rt-setup-database-5 --action init --skip-create --dba-password none > "$folder/setup.log" 2>&1
rt-setup-database-5 --action insert --datafile "$here/initialdata" --skip-create --dba-password none >> "$folder/setup.log" 2>&1
exec /usr/share/request-tracker5/libexec/standalone_httpd --host 127.0.0.1 --port "$port" > "$folder/server.log" 2>&1
