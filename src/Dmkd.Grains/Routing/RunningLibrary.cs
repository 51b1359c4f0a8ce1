using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Contracts.Settings;
using Dmkd.Core.Routing;
using Dmkd.Grains.Experts;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;
using Microsoft.Extensions.Logging;

namespace Dmkd.Grains.Routing;

/// <summary>
/// A library of this cluster as a source of weights. When those of a module's current version are damaged or missing,
/// the newest earlier version that can be read serves, for those who accept it; it is logged and told with every
/// answer.
/// </summary>
/// <param name="manifest">What it holds.</param>
/// <param name="weights">The weights that it names. Borrowed.</param>
/// <param name="historyOf">All versions of a module by its key, oldest first.</param>
/// <param name="logger">Is told of every replacement.</param>
public sealed partial class RunningLibrary(
    LibraryManifest manifest,
    IWeightStore weights,
    Func<string, CancellationToken, Task<IReadOnlyList<ModuleVersion>>> historyOf,
    ILogger logger
) : ILibrarySource
{
    /// <inheritdoc/>
    public LibraryManifest Manifest { get; } = manifest;

    /// <inheritdoc/>
    /// <exception cref="WeightStoreException">The current version cannot be read, and no earlier one may or can
    /// serve.</exception>
    public async Task<MemberWeights> ReadAsync(
        LibraryMember member,
        bool acceptsEarlier,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return new MemberWeights(member.Version, await weights.GetAsync(member.Digest, cancellationToken));
        }
        catch (WeightStoreException e) when (acceptsEarlier)
        {
            var history = await historyOf(member.Key, cancellationToken);
            foreach (var earlier in history.Where(version => version.Number < member.Version).Reverse())
            {
                if (await TryGetAsync(earlier.Digest, cancellationToken) is not { } content)
                    continue;
                LogReplaced(logger, member.Key, member.Version, earlier.Number, e.Message);
                return new MemberWeights(earlier.Number, content);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<GateParameters> ReadGateAsync(FittedRouting fitted, CancellationToken cancellationToken) =>
        GateParameters.Decode(await weights.GetAsync(fitted.Digest, cancellationToken));

    private async Task<byte[]?> TryGetAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            return await weights.GetAsync(digest, cancellationToken);
        }
        catch (WeightStoreException)
        {
            return null; // the one before it may be readable
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Module {Module}: version {Current} cannot be read, version {Served} serves. {Problem}"
    )]
    private static partial void LogReplaced(ILogger logger, string module, int current, int served, string problem);
}

/// <summary>A library's messages and what <see cref="LibrarySession"/> works with, into one another.</summary>
public static class LibraryMapping
{
    private const string Origin = "origin",
        Run = "run",
        LegacyDigest = "legacy.digest",
        LegacyFraction = "legacy.alpha",
        Cluster = "legacy.cluster";
    private const string ImportanceShare = "legacy.importance_share",
        Parent = "parent.module",
        ParentDigest = "parent.digest";

    /// <summary>A library as its modules and its fit tell it.</summary>
    public static LibraryManifest ToManifest(
        string library,
        IReadOnlyList<ModuleSnapshot> modules,
        FittedGate? fitted
    ) => new(library, [.. modules.Select(ToMember)], fitted is null ? null : ToFitted(fitted));

    /// <summary>A member's descriptor, in a library of a name.</summary>
    public static ModuleDescriptor ToDescriptor(this LibraryMember member, string library) =>
        new()
        {
            Library = library,
            Name = member.Name,
            Architecture = member.Architecture,
            Classes = member.Classes,
            ClassNames = member.ClassNames,
            Signature = member.Signature.ToString(),
            Normalisation = member.Normalisation,
            Role = member.Role is MemberRole.Gate ? ModuleRole.Gate : ModuleRole.Expert,
            Lineage = ToLineage(member.Lineage, library),
        };

    /// <summary>How to route, with the calibration.</summary>
    public static RoutingPlan ToPlan(this RoutingSettings routing, string calibration) =>
        new()
        {
            Gate = routing.Gate,
            Calibration = calibration,
            TopExperts = routing.TopExperts,
            SpecializationWeight = routing.SpecializationWeight,
            GateVote = routing.GateVote,
            Views = routing.Views,
            Score = routing.Score,
            Centred = routing.Centred,
        };

    /// <summary>How to route, without the calibration.</summary>
    public static RoutingSettings ToSettings(this RoutingPlan plan) =>
        new(plan.Gate, plan.TopExperts, plan.SpecializationWeight, plan.GateVote, plan.Views, plan.Score, plan.Centred);

    /// <summary>A fit as the catalog keeps it.</summary>
    public static FittedGate ToGate(this FittedRouting fitted) =>
        new()
        {
            Version = fitted.Version,
            Routing = fitted.Plan.ToSettings(),
            Calibration = fitted.Plan.Calibration,
            Modules = [.. fitted.Modules],
            Parameters = new StoredBlob(fitted.Digest, fitted.Bytes),
            Exemplars = fitted.Exemplars,
        };

    /// <summary>The inputs of a request.</summary>
    internal static InputTensor ToInputs(this NamedTensor tensor) =>
        new(tensor.Name, tensor.DataType, tensor.Shape, tensor.Content);

    /// <summary>Predictions as a message.</summary>
    internal static RouteResponse ToWire(this LibraryPrediction prediction) =>
        new([.. prediction.Sets.Select(set => set.Select(ToWire).ToArray())], prediction.DeviceTime.TotalSeconds)
        {
            Replacements = [.. prediction.Replacements],
        };

    private static RoutedPrediction ToWire(PredictedInput predicted)
    {
        var shares = predicted.Experts.Select(share => new ExpertShare(share.Module, share.Probability));
        var classes = predicted.Classes.Select(told => new RankedClass(
            told.ClassIndex,
            told.ClassName,
            told.Probability
        ));
        return new RoutedPrediction(predicted.ClassIndex, predicted.ClassName, predicted.Probability, [.. shares])
        {
            Classes = [.. classes],
        };
    }

    private static FittedRouting ToFitted(FittedGate fitted) =>
        new(
            fitted.Version,
            fitted.Routing.ToPlan(fitted.Calibration),
            fitted.Modules,
            fitted.Parameters.Digest,
            fitted.Parameters.Bytes,
            fitted.Exemplars
        );

    private static LibraryMember ToMember(ModuleSnapshot module)
    {
        var descriptor = module.Descriptor;
        MemberEntropy? entropy = null;
        if (module.Specialization is { } known)
            entropy = new MemberEntropy(known.VersionNumber, known.EntropySum, known.SampleCount);
        return new LibraryMember
        {
            Library = descriptor.Library,
            Name = descriptor.Name,
            Role = descriptor.Role is ModuleRole.Gate ? MemberRole.Gate : MemberRole.Expert,
            Architecture = descriptor.Architecture,
            Classes = descriptor.Classes,
            ClassNames = descriptor.ClassNames,
            Signature = descriptor.ReadSignature(),
            Normalisation = descriptor.Normalisation,
            Version = module.Current.Number,
            Digest = module.Current.Digest,
            Bytes = module.Current.Bytes,
            Entropy = entropy,
            Lineage = ToTexts(descriptor.Lineage),
        };
    }

    private static Dictionary<string, string> ToTexts(ModuleLineage lineage)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Origin] = lineage.Origin.ToString().ToLowerInvariant(),
            [Run] = lineage.RunId,
        };
        Add(LegacyDigest, lineage.LegacyDigest);
        Add(LegacyFraction, lineage.LegacyFraction?.ToString(CultureInfo.InvariantCulture));
        Add(Cluster, lineage.Cluster?.ToString(CultureInfo.InvariantCulture));
        Add(ImportanceShare, lineage.ImportanceShare?.ToString(CultureInfo.InvariantCulture));
        Add(Parent, lineage.Parent);
        Add(ParentDigest, lineage.ParentDigest);
        return texts;

        void Add(string name, string? value)
        {
            if (value is not null)
                texts[name] = value;
        }
    }

    private static ModuleLineage ToLineage(IReadOnlyDictionary<string, string> texts, string library)
    {
        if (!Enum.TryParse<ModuleOrigin>(texts.GetValueOrDefault(Origin), ignoreCase: true, out var origin))
            origin = ModuleOrigin.Random;
        return new ModuleLineage
        {
            Origin = origin,
            RunId = texts.GetValueOrDefault(Run, library),
            LegacyDigest = texts.GetValueOrDefault(LegacyDigest),
            LegacyFraction = Number(LegacyFraction),
            Cluster = (int?)Number(Cluster),
            ImportanceShare = Number(ImportanceShare),
            Parent = texts.GetValueOrDefault(Parent),
            ParentDigest = texts.GetValueOrDefault(ParentDigest),
        };

        double? Number(string name) =>
            double.TryParse(
                texts.GetValueOrDefault(name),
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out double value
            )
                ? value
                : null;
    }
}
