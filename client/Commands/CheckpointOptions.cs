using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Dmkd.Client.Errors;
using Dmkd.Client.Files;
using Dmkd.Client.Rendering;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;
using Dmkd.Core.Tensors;
using Dmkd.Serving;

namespace Dmkd.Client.Commands;

/// <summary>The options that say which tensors of a checkpoint are the weights.</summary>
internal sealed class CheckpointOptions
{
    private readonly Option<string?> _key = new("--key")
    {
        Description =
            "Dictionary of the file that has the weights, or the first parts of their names, such as model_ema; the "
            + "usual one when not given",
    };
    private readonly Option<string[]> _ignore = new("--ignore")
    {
        Description = "Names to leave out, such as \"criterion.*\"; may be given several times",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_key);
        command.Options.Add(_ignore);
    }

    /// <summary>What the options choose.</summary>
    public CheckpointChoice Read(ParseResult parsed) =>
        new() { Key = parsed.GetValue(_key), Ignored = parsed.GetValue(_ignore) ?? [] };

    /// <summary>Refuses them for what has no names to choose from.</summary>
    /// <exception cref="BadInputException">One was given.</exception>
    public void RequireNone(ParseResult parsed, string asked)
    {
        foreach (Option option in (Option[])[_key, _ignore])
            if (parsed.GetResult(option) is { Implicit: false })
                throw new BadInputException($"{option.Name} is for checkpoints; {asked} has its weights.");
    }
}

/// <summary>Weights that were read from a checkpoint.</summary>
/// <param name="Content">As <see cref="WeightCodec"/> writes them.</param>
/// <param name="StatedAccuracy">What the file says of the network's accuracy, such as <c>best_acc = 91.2</c>, or
/// null.</param>
internal sealed record ImportedWeights(byte[] Content, string? StatedAccuracy)
{
    /// <summary>Reads a checkpoint, and says on standard error what was chosen.</summary>
    public static ImportedWeights Read(string path, NetworkArchitecture architecture, CheckpointChoice choice)
    {
        using var checkpoint = CheckpointReader.Read(path, choice);
        Notice.All(checkpoint.Notices);
        using var weights = StateDictMapper.Map(architecture, checkpoint);
        return new ImportedWeights(WeightCodec.Encode(weights), AccuracyIn(checkpoint.Metadata));
    }

    private static string? AccuracyIn(IReadOnlyDictionary<string, string> metadata)
    {
        var found = metadata
            .Where(entry => IsAccuracy(entry.Key) && IsNumber(entry.Value))
            .OrderByDescending(entry => entry.Key.Contains("best", StringComparison.OrdinalIgnoreCase))
            .ToArray();
        return found is [var first, ..] ? $"{first.Key} = {first.Value}" : null;
    }

    private static bool IsAccuracy(string key) =>
        ((string[])["acc", "prec1", "top1"]).Any(part => key.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static bool IsNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        && double.IsFinite(value)
        && value > 0;
}

/// <summary>An exported module, which answers for its classes by itself.</summary>
/// <param name="module">What its file says of it.</param>
/// <param name="content">Its weights.</param>
internal sealed class ExportedModule(LibraryMember module, byte[] content) : ILibrarySource
{
    public LibraryManifest Manifest { get; } = new(module.Library, [module]);

    public Task<MemberWeights> ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    ) => Task.FromResult(new MemberWeights(member.Version, content));

    public Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A module has no routing.");

    /// <summary>Reads a file that <c>modules export</c> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="texts">What it says of itself.</param>
    /// <returns>The module; null when the file is of no module.</returns>
    /// <exception cref="BadInputException">The file was changed.</exception>
    public static ExportedModule? Read(string path, IReadOnlyDictionary<string, string> texts)
    {
        try
        {
            if (Lineage.ModuleIn(texts, new FileInfo(path).Length) is not { } module)
                return null;
            var architecture = ArchitectureCatalog.Parse(module.Architecture);
            var weights = ImportedWeights.Read(path, architecture, new CheckpointChoice());
            string digest = WeightDigest.Of(weights.Content);
            if (digest != module.Digest)
                throw new BadInputException(
                    $"{path} says that its weights have digest '{module.Digest}', and they have {digest}: the file was "
                        + "changed. Export the module again, or name an --architecture."
                );
            return new ExportedModule(module, weights.Content);
        }
        catch (Exception e) when (e is FormatException or JsonException or ArgumentException)
        {
            throw new BadInputException($"{path} says that it is a module, and cannot be one: {e.Message}");
        }
    }
}

/// <summary>Reads what <c>--architecture</c> may be.</summary>
internal static class Architectures
{
    /// <summary>Help for the option.</summary>
    public static string Help { get; } =
        $"Architecture: {string.Join(", ", ArchitectureCatalog.Names)}; or in text form, as exported files hold it";

    /// <summary>Whether this is a text form rather than a name.</summary>
    public static bool IsText(string text) => text.Contains('(', StringComparison.Ordinal);

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
            return IsText(text)
                ? ArchitectureCatalog.Parse(text)
                : Bad.InputUnless(() => ArchitectureCatalog.Named(text, outputs, imageSize));
        }
        catch (FormatException e)
        {
            throw new BadInputException(e.Message);
        }
    }
}
