using System.Globalization;

namespace Dmkd.Grains.Security.Certificates;

/// <summary>A line of an authority's record of what it issued.</summary>
/// <param name="Serial">Serial number, hexadecimal.</param>
/// <param name="Holder">Whose it is.</param>
/// <param name="NotAfter">When it ends, UTC.</param>
public sealed record IssuedCertificate(string Serial, CallerIdentity Holder, DateTime NotAfter)
{
    private const string Moment = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private const int Fields = 4;

    /// <summary>Reads a record.</summary>
    /// <param name="path">The file; one that does not exist is an empty record.</param>
    /// <exception cref="CertificateException">A line is not of such a record.</exception>
    public static IReadOnlyList<IssuedCertificate> ReadAll(string path) => File.Exists(path)
        ? [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => Parse(line) ?? throw new CertificateException($"{path}: the line '{line}' is not <serial> <role> <name> <end>."))]
        : [];

    /// <summary>The line.</summary>
    public override string ToString() => $"{Serial} {AccessRoles.NameOf(Holder.Role)} {Holder.Name} {NotAfter.ToString(Moment, CultureInfo.InvariantCulture)}";

    private static IssuedCertificate? Parse(string line)
    {
        string[] fields = line.Split(' ');
        return fields.Length == Fields && AccessRoles.Of(fields[1]) is { } role && DateTime.TryParseExact(fields[3], Moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var end)
            ? new IssuedCertificate(fields[0], new CallerIdentity(fields[2], role), end)
            : null;
    }
}
