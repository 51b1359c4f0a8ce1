#!/usr/bin/env bash
# C# compiler 5.9.0 and 4.14.0 (Microsoft.Net.Compilers.Toolset), optimized code, .NET 10 runtime.
# A lock inside a try whose catch has a filter with an "or" pattern: try { lock (gate) { throw } } catch (Exception e)
# when (e is A or B). One would expect the lock to be released when the exception leaves the lock statement. It stays
# held for good: filters run before the finally blocks of what threw, and the compiler gives the pattern's result the
# very local variable (a bool) in which the lock statement noted that it holds the lock; the filter's "no" then reads as
# "not taken". Without optimization, or with the lock in a method of its own, the lock is released.
# Output seen:
#   5.9.0 optimized: held True, one bool for both True
#   5.9.0 plain: held False, one bool for both False
#   4.14.0 optimized: held True, one bool for both True
#   4.14.0 plain: held False, one bool for both False
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > filter.csproj <<'P'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="Microsoft.Net.Compilers.Toolset" Version="$(Compiler)" /></ItemGroup>
</Project>
P
cat > Program.cs <<'P'
using System.Reflection;

var gate = new object();
try
{
    Filtered.Fail(gate);
}
catch (ArgumentException) { }

int flags = typeof(Filtered).GetMethod("Fail")!.GetMethodBody()!.LocalVariables.Count(l => l.LocalType == typeof(bool));
Console.WriteLine($"held {Monitor.IsEntered(gate)}, one bool for both {flags == 1}");

internal static class Filtered
{
    public static void Fail(object gate)
    {
        try
        {
            lock (gate)
                throw new ArgumentException("passes the filter by");
        }
        catch (Exception e) when (e is InvalidDataException or IOException) { }
    }
}
P
for compiler in 5.9.0 4.14.0; do
  for configuration in Release Debug; do
    rm -rf obj out
    dotnet build -c $configuration -o out -p:Compiler=$compiler -v q -nologo >/dev/null
    name=$([ $configuration = Release ] && echo optimized || echo plain)
    echo "$compiler $name: $(dotnet out/filter.dll)"
  done
done | tee seen
diff seen - <<'P'
5.9.0 optimized: held True, one bool for both True
5.9.0 plain: held False, one bool for both False
4.14.0 optimized: held True, one bool for both True
4.14.0 plain: held False, one bool for both False
P
