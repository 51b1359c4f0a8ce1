using System.Globalization;

namespace Dmkd.Client.Commands;

/// <summary>Names for what the user gave none.</summary>
internal static class NewName
{
    /// <summary>A name made from the time, such as <c>run-20300102-030405-9f2c</c>; the end keeps two of one second apart.</summary>
    public static string Of(string kind) =>
        $"{kind}-{TimeProvider.System.GetLocalNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{Guid.NewGuid().ToString("N")[..4]}";
}
