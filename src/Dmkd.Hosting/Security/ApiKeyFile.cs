using System.Security.Cryptography;
using System.Text;

namespace Dmkd.Hosting.Security;

/// <summary>
/// Keys by which HTTP callers say who they are. The file holds one line per key, <c>name role sha256-of-the-key</c>;
/// the keys themselves lie nowhere.
/// </summary>
public sealed class ApiKeyFile
{
    private const int Fields = 3,
        KeyBytes = 32;
    private const string Prefix = "dmkd_";
    private readonly Dictionary<string, CallerIdentity> _byHash;

    private ApiKeyFile(Dictionary<string, CallerIdentity> byHash) => _byHash = byHash;

    /// <summary>Makes a key.</summary>
    /// <returns>The key, to be shown once, and the file's line.</returns>
    public static (string Key, string Line) Make(CallerIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        string key = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes));
        return (key, $"{identity.Name} {AccessRoles.NameOf(identity.Role)} {HashOf(key)}");
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">A line is wrong; the message gives its number, not its content.</exception>
    public static ApiKeyFile Load(string path)
    {
        var byHash = new Dictionary<string, CallerIdentity>(StringComparer.Ordinal);
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || lines[i][0] == '#')
                continue;
            string[] fields = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            bool isRight =
                fields.Length == Fields
                && CallerIdentity.ProblemOf(fields[0]) is null
                && AccessRoles.Of(fields[1]) is not (null or AccessRole.Silo)
                && fields[2].Length == SHA256.HashSizeInBytes * 2
                && fields[2].All(char.IsAsciiHexDigitLower);
            if (!isRight)
                throw new FormatException(
                    $"{path}, line {i
 + 1}: it must be a name, reader or node or operator, and a SHA-256, as dmkd "
                        + $"certs api-key writes it."
                );
            byHash[fields[2]] = new CallerIdentity(fields[0], AccessRoles.Of(fields[1])!.Value);
        }

        return new ApiKeyFile(byHash);
    }

    /// <summary>
    /// Whose a key is; null when nobody's. Looked up by its hash, so the time it takes says nothing about keys.
    /// </summary>
    public CallerIdentity? IdentityOf(string key) => _byHash.GetValueOrDefault(HashOf(key));

    private static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
