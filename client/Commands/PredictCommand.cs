using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Data.Images;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd predict</c>: asks a library what images show.</summary>
internal sealed class PredictCommand : Command
{
    private const long MaxFileBytes = 64 << 20;
    private readonly CommonOptions _common = new();
    private readonly Argument<string[]> _images = new("image") { Description = "Image files (JPEG, PNG, BMP or WebP)", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _library = new("--library") { Description = "Library; the newest when not given" };
    private readonly Option<int> _top = new("--top") { Description = "Experts that answer (R)", DefaultValueFactory = _ => 1 };
    private readonly Option<double> _beta = new("--beta") { Description = "Weight of an expert's mean entropy in routing (beta)", DefaultValueFactory = _ => 0 };
    private readonly Option<double> _gateVote = new("--gate-vote") { Description = "What a gate network's logits count beside an expert's", DefaultValueFactory = _ => 0.5 };
    private readonly Option<string?> _gate = new("--gate") { Description = $"Gate: {string.Join(", ", GateCatalog.Names)}; when not given, the library's gate network, or else {GateCatalog.Names[0]}" };

    public PredictCommand()
        : base("predict", "Predict the classes of images and say which experts answered")
    {
        Arguments.Add(_images);
        Options.Add(_library);
        Options.Add(_top);
        Options.Add(_beta);
        Options.Add(_gate);
        Options.Add(_gateVote);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] images = parsed.GetValue(_images)!;
        var routing = ReadRouting(parsed);
        foreach (string image in images) RequireFile(image);
        await using var silo = await _common.OpenAsync(parsed, cancellationToken);
        var (library, modules) = await Libraries.OpenAsync(silo.Grains, parsed.GetValue(_library), cancellationToken);
        bool hasGateNetwork = modules.Any(module => module.Descriptor.Role is ModuleRole.Gate);
        if (routing.Gate == NetworkGate.GateName && !hasGateNetwork)
            throw new BadInputException($"Library '{library}' has no gate network; --gate may be {string.Join(" or ", GateCatalog.NamesWithoutNetwork)}.");
        if (routing.Gate.Length == 0) routing = routing with { Gate = hasGateNetwork ? NetworkGate.GateName : GateCatalog.Names[0] };
        var predictions = new List<RoutedPrediction>();
        foreach (var request in RequestsOf(images, modules, routing))
            predictions.AddRange((await silo.Grains.GetGrain<IRouterGrain>(library).RouteAsync(request, cancellationToken)).Predictions[0]);

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

    private RoutingSettings ReadRouting(ParseResult parsed)
    {
        int top = parsed.GetValue(_top);
        double beta = parsed.GetValue(_beta);
        string? gate = parsed.GetValue(_gate);
        if (top < 1) throw new BadInputException($"--top must be at least 1, not {top}.");
        if (!(beta >= 0)) throw new BadInputException($"--beta must be at least 0, not {beta}.");
        return gate is null || GateCatalog.Names.Contains(gate)
            ? new RoutingSettings(gate ?? "", top, beta, OptionReader.AtLeast(parsed, _gateVote, 0))
            : throw new BadInputException($"--gate must be one of {string.Join(", ", GateCatalog.Names)}, not '{gate}'.");
    }

    /// <summary>Batches within the limit of one request.</summary>
    private static IEnumerable<RouteRequest> RequestsOf(string[] images, IReadOnlyList<ModuleSnapshot> modules, RoutingSettings routing)
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
