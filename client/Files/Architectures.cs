using Dmkd.Client.Errors;
using Dmkd.Core.Models;

namespace Dmkd.Client.Files;

/// <summary>Reads what <c>--architecture</c> may be.</summary>
internal static class Architectures
{
    /// <summary>Help for the option.</summary>
    public static string Help { get; } =
        $"Architecture: {string.Join(", ", ArchitectureCatalog.Names)}; or in text form, as exported files hold it";

    /// <summary>
    /// A usual network by name, or any network by its text form, such as <c>convnet(3x32x32;24-48-48-48;8)</c>.
    /// </summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="outputs">Outputs of a network that is named; a text form has its own.</param>
    /// <param name="imageSize">Likewise its height and width.</param>
    /// <exception cref="BadInputException">It is neither; the message lists the names.</exception>
    public static NetworkArchitecture Read(string text, int outputs, int imageSize)
    {
        try
        {
            return text.Contains('(', StringComparison.Ordinal)
                ? ArchitectureCatalog.Parse(text)
                : Bad.InputUnless(() => ArchitectureCatalog.Named(text, outputs, imageSize));
        }
        catch (FormatException e)
        {
            throw new BadInputException(e.Message);
        }
    }
}
