using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Library;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Modules;
using Dmkd.Data.Images;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd predict</c>: asks a library what images show.</summary>
internal sealed class PredictCommand : Command
{
    private const long MaxFileBytes = 64 << 20;
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _images = new("image") { Description = "Image files (JPEG, PNG, BMP or WebP)", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _library = new("--library") { Description = "Library; the newest when not given" };
    private readonly RoutingOptions _routing = new();

    public PredictCommand()
        : base("predict", "Predict the classes of images and say which experts answered")
    {
        Arguments.Add(_images);
        Options.Add(_library);
        _routing.AddTo(this);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] images = parsed.GetValue(_images)!;
        _routing.Check(parsed);
        foreach (string image in images) RequireFile(image);
        await using var silo = await _common.OpenAsync(parsed, cancellationToken);
        var (library, modules) = await Libraries.OpenAsync(silo.Grains, parsed.GetValue(_library), cancellationToken);
        var fitted = await Retried.AskAsync(() => silo.Grains.GetGrain<IModuleCatalogGrain>(library).GetGateAsync(cancellationToken), cancellationToken);
        // A run that was stopped within a task has an expert that its last fit does not know.
        if (modules.Any(module => module.Descriptor.Role is ModuleRole.Expert && fitted?.Modules.Contains(module.Descriptor.Name) == false)) fitted = null;
        var (routing, calibration) = _routing.Read(parsed, library, fitted, hasGateNetwork: modules.Any(module => module.Descriptor.Role is ModuleRole.Gate));
        var predictions = new List<RoutedPrediction>();
        var replacements = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var request in RequestsOf(images, modules, routing, calibration))
        {
            var response = await Retried.AskAsync(() => silo.Grains.GetGrain<IRouterGrain>(library).RouteAsync(request, cancellationToken), cancellationToken);
            predictions.AddRange(response.Predictions[0]);
            replacements.UnionWith(response.Replacements);
        }

        foreach (string replacement in replacements) await Console.Error.WriteLineAsync($"dmkd: warning: {replacement}.");
        var named = images.Zip(predictions).ToArray();
        if (_common.Json(parsed))
        {
            JsonOutput.Write(named.Select(pair => new
            {
                Image = pair.First,
                Class = pair.Second.ClassName,
                pair.Second.ClassIndex,
                pair.Second.Probability,
                Experts = pair.Second.Experts.Select(share => new { share.Module, share.Probability }),
            }));
        }
        else
        {
            Consoles.Create(json: false).Write(ModuleTables.Predictions(named));
        }

        return ExitCode.Success;
    }

    /// <summary>Batches within the limit of one request.</summary>
    private static IEnumerable<RouteRequest> RequestsOf(string[] images, IReadOnlyList<ModuleSnapshot> modules, RoutingSettings routing, string calibration)
    {
        var architecture = ArchitectureCatalog.Parse(modules[0].Descriptor.Architecture);
        int[] classes = [.. modules.Where(module => module.Descriptor.Role is ModuleRole.Expert).SelectMany(module => module.Descriptor.Classes)];
        int bytesPerImage = architecture.InputChannels * architecture.InputSize * architecture.InputSize;
        foreach (string[] batch in images.Chunk(Math.Max(1, RouteRequest.MaxPixelBytes / bytesPerImage)))
        {
            byte[] pixels = new byte[batch.Length * bytesPerImage];
            for (int i = 0; i < batch.Length; i++)
                ImageDecoder.Decode(File.ReadAllBytes(batch[i]), batch[i], architecture.InputSize).CopyTo(pixels, i * bytesPerImage);
            yield return new RouteRequest
            {
                Pixels = pixels,
                Count = batch.Length,
                Channels = architecture.InputChannels,
                Size = architecture.InputSize,
                CandidateSets = [classes],
                Routing = routing,
                Calibration = calibration,
                AcceptsEarlierVersions = true,
            };
        }
    }

    private static void RequireFile(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new BadInputException($"There is no image {path}.");
        if (file.Length > MaxFileBytes) throw new BadInputException($"{path} has {file.Length} bytes; an image may have {MaxFileBytes}.");
    }
}
