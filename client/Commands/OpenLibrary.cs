using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Devices;
using Dmkd.Core.Routing;
using Dmkd.Grains.Routing;
using Dmkd.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dmkd.Client.Commands;

/// <summary>The options that name a library, and one of its modules.</summary>
internal sealed record LibraryOptions(Option<string?> Library, Option<string?> Archive, Option<string?> Module);

/// <summary>A library that answers. Dispose to close it.</summary>
internal abstract class OpenLibrary : IAsyncDisposable
{
    /// <summary>What it holds.</summary>
    public abstract LibraryManifest Manifest { get; }

    /// <summary>What it is, in a sentence.</summary>
    public virtual string Title => $"library '{Manifest.Name}'";

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
        RequireOne(parsed, library, archive);
        return new LocalLibrary(await LibraryArchive.OpenAsync(folder, cancellationToken));
    }

    /// <summary>Predicts a batch among all classes; earlier versions may answer.</summary>
    /// <param name="inputs">The batch.</param>
    /// <param name="plan">How to route.</param>
    /// <param name="classes">How many of an input's most probable classes are told; 0 for the best alone.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The predictions, and a line per member that an earlier version answered for.</returns>
    public abstract Task<(IReadOnlyList<PredictedInput> Predictions, IReadOnlyList<string> Replacements)> PredictAsync(
        InputTensor inputs,
        RoutingPlan plan,
        int classes,
        CancellationToken cancellationToken
    );

    public abstract ValueTask DisposeAsync();

    protected static void RequireOne(ParseResult parsed, Option<string?> library, Option<string?> archive)
    {
        if (parsed.GetValue(library) is not null)
            throw new BadInputException($"{archive.Name} and {library.Name} are two libraries: give one.");
    }
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
    )> PredictAsync(InputTensor inputs, RoutingPlan plan, int classes, CancellationToken cancellationToken)
    {
        var request = new RouteRequest
        {
            Input = new NamedTensor(inputs.Name, inputs.DataType, [.. inputs.Shape], inputs.Content),
            CandidateSets = [Manifest.Classes],
            Routing = plan.ToSettings(),
            Calibration = plan.Calibration,
            AcceptsEarlierVersions = true,
            Classes = classes,
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
        var classes = predicted.Classes.Select(told => new PredictedClass(
            told.ClassIndex,
            told.ClassName,
            told.Probability
        ));
        return new PredictedInput(predicted.ClassIndex, predicted.ClassName, predicted.Probability, [.. shares])
        {
            Classes = [.. classes],
        };
    }
}

/// <summary>A library that answers in this process: an exported one, or one module by itself.</summary>
/// <param name="source">Where it lies.</param>
/// <param name="place">What to leave afterwards; null for nothing.</param>
internal sealed class LocalLibrary(ILibrarySource source, IAsyncDisposable? place = null) : OpenLibrary
{
    private readonly LibraryCache _cache = new(TimeProvider.System);
    private readonly DeviceWorker _worker = new(lanes: 1);

    public override LibraryManifest Manifest => source.Manifest;

    /// <summary>Whether it is one module.</summary>
    public bool IsModule => source is LoneModule or ExportedModule;

    public override string Title => IsModule ? $"module '{Manifest.Members[0].Name}'" : base.Title;

    /// <summary>Opens one module of the library that a command line names.</summary>
    /// <exception cref="BadInputException">There is none, or two libraries are named.</exception>
    /// <exception cref="LibraryArchiveException">The folder is no library, or is damaged.</exception>
    public static async Task<OpenLibrary> OfModuleAsync(
        CommonOptions common,
        ParseResult parsed,
        LibraryOptions named,
        CancellationToken cancellationToken
    )
    {
        string module = parsed.GetValue(named.Module)!;
        if (parsed.GetValue(named.Archive) is { } folder)
        {
            RequireOne(parsed, named.Library, named.Archive);
            return new LocalLibrary(LoneModule.Of(await LibraryArchive.OpenAsync(folder, cancellationToken), module));
        }

        var look = await common.LookAsync(parsed, cancellationToken);
        try
        {
            var manifest = await Libraries.ManifestAsync(
                look.Reader,
                parsed.GetValue(named.Library),
                cancellationToken
            );
            var library = new RunningLibrary(manifest, look.Weights, look.Reader.GetHistoryAsync, NullLogger.Instance);
            return new LocalLibrary(LoneModule.Of(library, module), look);
        }
        catch
        {
            await look.DisposeAsync();
            throw;
        }
    }

    public override async Task<(
        IReadOnlyList<PredictedInput> Predictions,
        IReadOnlyList<string> Replacements
    )> PredictAsync(InputTensor inputs, RoutingPlan plan, int classes, CancellationToken cancellationToken)
    {
        var prediction = await new LibrarySession(source, _cache, _worker).PredictAsync(
            inputs,
            new PredictOptions(plan, [Manifest.Classes], AcceptsEarlierVersions: true, classes),
            cancellationToken
        );
        return (prediction.Sets[0], prediction.Replacements);
    }

    public override async ValueTask DisposeAsync()
    {
        _cache.Dispose();
        _worker.Dispose();
        if (place is not null)
            await place.DisposeAsync();
    }
}

/// <summary>One module of a library, which answers by itself for the classes it knows, whatever it is for.</summary>
internal sealed class LoneModule(ILibrarySource library, LibraryMember module) : ILibrarySource
{
    public LibraryManifest Manifest { get; } =
        library.Manifest with
        {
            Members = [module with { Role = MemberRole.Expert }],
        };

    /// <exception cref="BadInputException">The library has no such module.</exception>
    public static LoneModule Of(ILibrarySource library, string name)
    {
        var members = library.Manifest.Members;
        var module =
            members.FirstOrDefault(member => member.Name == name)
            ?? throw new BadInputException(
                $"Library '{library.Manifest.Name}' has no module '{name}'; it has: "
                    + $"{string.Join(", ", members.Select(member => member.Name))}."
            );
        return new LoneModule(library, module);
    }

    public Task<MemberWeights> ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    ) => library.ReadAsync(member, acceptsEarlier, cancellationToken);

    public Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken) =>
        library.ReadGateAsync(fitted, cancellationToken);
}
