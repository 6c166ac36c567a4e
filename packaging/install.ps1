# Installs Servanda from its release: the archive for Windows, if its digest is the one below.
#
#   install.ps1 [FOLDER]      the folder of the program; ~\.local\bin by default
#
# The release writes version and digests. In a tree that is no release they are missing, and nothing is installed.
param([string]$Folder = (Join-Path $HOME '.local/bin'))
$ErrorActionPreference = 'Stop'

$Version = ''
$Digests = @'
# digests
# end
'@

if (-not $Version) { throw 'this tree is no release; take install.ps1 from a release' }
$Releases = if ($env:SERVANDA_RELEASES) { $env:SERVANDA_RELEASES } else { 'https://github.com/servanda/servanda/releases/download' }
$Stem = "servanda-$Version-x86_64-pc-windows-msvc"
$Line = $Digests -split "`r?`n" | Where-Object { $_ -match "^([0-9a-f]{64})  $([regex]::Escape($Stem))\.zip$" }
if (-not $Line) { throw "release $Version has no $Stem.zip" }
$Digest = $Line.Substring(0, 64)

$Work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory $Work | Out-Null
try {
    $Archive = Join-Path $Work "$Stem.zip"
    Invoke-WebRequest -UseBasicParsing "$Releases/v$Version/$Stem.zip" -OutFile $Archive
    $Found = (Get-FileHash -Algorithm SHA256 $Archive).Hash.ToLowerInvariant()
    if ($Found -ne $Digest) { throw "the digest of $Stem.zip is $Found, and not $Digest" }
    Expand-Archive $Archive $Work
    New-Item -ItemType Directory -Force $Folder | Out-Null
    Move-Item -Force (Join-Path $Work "$Stem/servanda.exe") (Join-Path $Folder 'servanda.exe')
    Write-Output "installed $(Join-Path $Folder 'servanda.exe'), version $Version"
} finally {
    Remove-Item -Recurse -Force $Work
}
