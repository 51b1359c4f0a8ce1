using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Devices;
using Dmkd.Grains.Routing;
using Dmkd.Serving;

namespace Dmkd.Client.Commands;

/// <summary>A library that answers. Dispose to close it.</summary>
internal abstract class OpenLibrary : IAsyncDisposable
{
    /// <summary>What it holds.</summary>
    public abstract LibraryManifest Manifest { get; }

    /// <summary>Opens the library that a command line names: one of a cluster, or an exported one.</summary>
    /// <exception cref="BadInputException">There is none, or two are named.</exception>
    public static async Task<OpenLibrary> OpenAsync(
        CommonOptions common,
        ParseResult parsed,
        Option<string?> library,
        Option<string?> archive,
        CancellationToken cancellationToken
    )
    {
        if (parsed.GetValue(archive) is not { } folder)
            return await RoutedLibrary.OpenAsync(common, parsed, parsed.GetValue(library), cancellationToken);
        if (parsed.GetValue(library) is not null)
            throw new BadInputException($"{archive.Name} and {library.Name} are two libraries: give one.");
        return await ArchivedLibrary.OpenAsync(folder, cancellationToken);
    }

    /// <summary>Predicts a batch among all classes; earlier versions may answer.</summary>
    /// <returns>The predictions, and a line per member that an earlier version answered for.</returns>
    public abstract Task<(IReadOnlyList<PredictedInput> Predictions, IReadOnlyList<string> Replacements)> PredictAsync(
        InputTensor inputs,
        RoutingPlan plan,
        CancellationToken cancellationToken
    );

    public abstract ValueTask DisposeAsync();
}

/// <summary>A library of a cluster, asked through its router.</summary>
internal sealed class RoutedLibrary : OpenLibrary
{
    private readonly ICluster _cluster;
    private readonly Dictionary<string, double> _entropies;

    private RoutedLibrary(ICluster cluster, LibraryManifest manifest)
    {
        _cluster = cluster;
        _entropies = manifest.Members.ToDictionary(member => member.Name, member => member.MeanEntropy);
        Manifest = manifest;
    }

    public override LibraryManifest Manifest { get; }

    /// <exception cref="BadInputException">There is none.</exception>
    public static async Task<OpenLibrary> OpenAsync(
        CommonOptions common,
        ParseResult parsed,
        string? name,
        CancellationToken cancellationToken
    )
    {
        var cluster = await common.OpenAsync(parsed, cancellationToken);
        try
        {
            return new RoutedLibrary(cluster, await Libraries.ManifestAsync(cluster.Reader, name, cancellationToken));
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public override async Task<(
        IReadOnlyList<PredictedInput> Predictions,
        IReadOnlyList<string> Replacements
    )> PredictAsync(InputTensor inputs, RoutingPlan plan, CancellationToken cancellationToken)
    {
        var request = new RouteRequest
        {
            Input = new NamedTensor(inputs.Name, inputs.DataType, [.. inputs.Shape], inputs.Content),
            CandidateSets = [Manifest.Classes],
            Routing = plan.ToSettings(),
            Calibration = plan.Calibration,
            AcceptsEarlierVersions = true,
        };
        var router = _cluster.Grains.GetGrain<IRouterGrain>(Manifest.Name);
        var response = await Retried.AskAsync(() => router.RouteAsync(request, cancellationToken), cancellationToken);
        return ([.. response.Predictions[0].Select(Read)], response.Replacements);
    }

    public override ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private PredictedInput Read(RoutedPrediction predicted)
    {
        var shares = predicted.Experts.Select(share => new PredictedShare(
            share.Module,
            share.Probability,
            _entropies.GetValueOrDefault(share.Module)
        ));
        return new PredictedInput(predicted.ClassIndex, predicted.ClassName, predicted.Probability, [.. shares]);
    }
}

/// <summary>An exported library, which answers in this process.</summary>
internal sealed class ArchivedLibrary : OpenLibrary
{
    private readonly LibraryCache _cache = new(TimeProvider.System);
    private readonly DeviceWorker _worker = new(lanes: 1);
    private readonly LibrarySession _session;

    private ArchivedLibrary(LibraryArchive archive)
    {
        Manifest = archive.Manifest;
        _session = new LibrarySession(archive, _cache, _worker);
    }

    public override LibraryManifest Manifest { get; }

    /// <exception cref="LibraryArchiveException">The folder is no library, or is damaged.</exception>
    public static async Task<OpenLibrary> OpenAsync(string folder, CancellationToken cancellationToken) =>
        new ArchivedLibrary(await LibraryArchive.OpenAsync(folder, cancellationToken));

    public override async Task<(
        IReadOnlyList<PredictedInput> Predictions,
        IReadOnlyList<string> Replacements
    )> PredictAsync(InputTensor inputs, RoutingPlan plan, CancellationToken cancellationToken)
    {
        var prediction = await _session.PredictAsync(
            inputs,
            new PredictOptions(plan, [Manifest.Classes]),
            cancellationToken
        );
        return (prediction.Sets[0], prediction.Replacements);
    }

    public override ValueTask DisposeAsync()
    {
        _cache.Dispose();
        _worker.Dispose();
        return ValueTask.CompletedTask;
    }
}
