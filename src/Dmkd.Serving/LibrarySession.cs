using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Routing;

namespace Dmkd.Serving;

/// <summary>
/// A library that answers (proposal 3.3): each input goes to the experts that the gate holds for the right ones, and
/// their answers are mixed. Knows nothing of clusters: the source may be a running library or an exported folder.
/// Thread-safe.
/// </summary>
/// <param name="source">The library. Borrowed.</param>
/// <param name="cache">Keeps its networks. Borrowed.</param>
/// <param name="worker">Computes. Borrowed.</param>
public sealed class LibrarySession(ILibrarySource source, LibraryCache cache, DeviceWorker worker)
{
    private LibraryManifest Library => source.Manifest;

    /// <summary>Predicts a batch.</summary>
    /// <param name="inputs">The inputs, of the experts' <see cref="LibraryMember.Input"/>.</param>
    /// <param name="options">What is asked.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="ArgumentException">The batch or the plan is malformed, or no expert knows a candidate
    /// class.</exception>
    public async Task<LibraryPrediction> PredictAsync(
        InputTensor inputs,
        PredictOptions options,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(options);
        Check(inputs, options);
        var plan = options.Plan;
        var experts = LibraryRules.Relevant(Library, inputs, options.CandidateSets);
        var gate = await GateAsync(plan, experts, cancellationToken);
        var gateNetwork = gate.Needs.HasFlag(GateNeeds.GateNetwork) ? LibraryRules.GateOf(Library) : null;
        var router = new ModuleRouter(gate, plan.SpecializationWeight, plan.TopExperts, plan.GateVote);

        LibraryMember[] asked = gateNetwork is null ? [.. experts] : [.. experts, gateNetwork];
        using var lease = await cache.RentAsync(
            source,
            asked,
            options.AcceptsEarlierVersions,
            worker,
            cancellationToken
        );
        var (views, time) = await worker.RunAsync(
            job =>
            {
                var batch = new BatchScores(job, lease.Networks, asked, inputs, plan);
                var looked = gate.Look(batch);
                if (gate.ChoosesFirst)
                    looked = batch.OfChosen(looked, router, options.CandidateSets);
                return (looked, job.Elapsed);
            },
            cancellationToken
        );

        var sets = new List<PredictedInput[]>();
        foreach (int[] candidates in options.CandidateSets)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sets.Add(Named(router.Route(views, inputs.Count, candidates, options.Classes), experts));
        }

        return new LibraryPrediction([.. sets], time, lease.Replacements);
    }

    private void Check(InputTensor inputs, PredictOptions options)
    {
        inputs.Check();
        if (options.CandidateSets.Count == 0)
            throw new ArgumentException("A batch needs at least one set of candidate classes.", nameof(options));
        foreach (var expert in Library.Experts.DistinctBy(expert => expert.Signature.Modality))
            if (expert.Modality.ViewsProblem(options.Plan.Views) is { } views)
                throw new ArgumentException(views, nameof(options));
    }

    private async Task<IGate> GateAsync(
        RoutingPlan plan,
        IReadOnlyList<LibraryMember> experts,
        CancellationToken cancellationToken
    )
    {
        var gate = plan.CreateGate();
        if (gate.Needs.HasFlag(GateNeeds.Task))
            throw new ArgumentException(
                $"The gate '{plan.Gate}' knows the task of a test image: only the evaluation of a run has it. "
                    + $"A library routes by: {string.Join(", ", GateCatalog.Names)}.",
                nameof(plan)
            );
        if (!gate.NeedsFit)
            return gate;
        var fitted = LibraryRules.RequireFit(Library, plan);
        int[] places = LibraryRules.PlacesOf(Library.Name, fitted, experts);
        return gate.Fitted(await cache.GateAsync(source, fitted, cancellationToken), places);
    }

    /// <summary>Names classes and experts.</summary>
    private static PredictedInput[] Named(IReadOnlyList<RoutedClass> predictions, IReadOnlyList<LibraryMember> experts)
    {
        var names = new Dictionary<int, string>();
        foreach (var expert in experts)
            for (int c = 0; c < expert.Classes.Length; c++)
                names[expert.Classes[c]] = expert.ClassNames[c];
        var named = new PredictedInput[predictions.Count];
        for (int i = 0; i < named.Length; i++)
        {
            var predicted = predictions[i];
            var shares = predicted.Experts.Select(share => new PredictedShare(
                experts[share.Expert].Name,
                share.Probability,
                experts[share.Expert].MeanEntropy
            ));
            named[i] = new PredictedInput(
                predicted.ClassIndex,
                names[predicted.ClassIndex],
                predicted.Probability,
                [.. shares]
            )
            {
                Classes = [.. predicted.Classes.Select(Named)],
            };
        }

        return named;

        PredictedClass Named(ClassProbability told) => new(told.ClassIndex, names[told.ClassIndex], told.Probability);
    }
}

/// <summary>Decisions about who answers, as functions of the library and the question.</summary>
public static class LibraryRules
{
    /// <summary>The library's gate network.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public static LibraryMember GateOf(LibraryManifest library)
    {
        ArgumentNullException.ThrowIfNull(library);
        return library.GateNetwork
            ?? throw new ArgumentException(
                $"Library '{library.Name}' has no gate network; route with another gate.",
                nameof(library)
            );
    }

    /// <summary>Experts that know a candidate class and take such inputs.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<LibraryMember> Relevant(
        LibraryManifest library,
        InputTensor inputs,
        IReadOnlyList<int[]> candidateSets
    )
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(inputs);
        var wanted = candidateSets.SelectMany(set => set).ToHashSet();
        LibraryMember[] relevant = [.. library.Experts.Where(expert => expert.Classes.Any(wanted.Contains))];
        if (relevant.Length == 0)
            throw new ArgumentException(
                $"Library '{library.Name}' has no module for the classes {string.Join(", ", wanted.Order())}.",
                nameof(candidateSets)
            );
        foreach (var expert in relevant)
        {
            if (expert.Input.Takes(inputs.Signature))
                continue;
            if (inputs.Name != expert.Input.Name)
                throw new ArgumentException(
                    $"Module {expert.Key} takes '{expert.Input.Name}', not '{inputs.Name}'.",
                    nameof(inputs)
                );
            throw new ArgumentException(
                $"Module {expert.Key} takes inputs of {expert.Input}, not {inputs.InputShape}.",
                nameof(inputs)
            );
        }

        return relevant;
    }

    /// <summary>The fit that a plan needs.</summary>
    /// <exception cref="ArgumentException">The library was not fitted to it; says what the library has.</exception>
    public static FittedRouting RequireFit(LibraryManifest library, RoutingPlan plan)
    {
        ArgumentNullException.ThrowIfNull(library);
        ArgumentNullException.ThrowIfNull(plan);
        var fitted = library.Fitted;
        if (fitted is null)
            throw new ArgumentException(
                $"Library '{library.Name}' was not fitted for {plan.Wanted}; it was for none.",
                nameof(plan)
            );
        var own = fitted.Plan;
        if ((own.Gate, own.Calibration) != (plan.Gate, plan.Calibration))
            throw new ArgumentException(
                $"Library '{library.Name}' was not fitted for {plan.Wanted}; it was for gate '{own.Gate}' and "
                    + $"calibration '{own.Calibration}'.",
                nameof(plan)
            );
        if (!own.ScoresAs(plan))
            throw new ArgumentException(
                $"Library '{library.Name}' was fitted for {plan.Wanted} with {own.Views} views, score "
                    + $"{own.Score}, centred {own.Centred}; "
                    + $"ask so, not with {plan.Views}, {plan.Score}, {plan.Centred}.",
                nameof(plan)
            );
        return fitted;
    }

    /// <summary>Place of each expert among those of a fit.</summary>
    /// <exception cref="ArgumentException">The fit does not know one of them.</exception>
    public static int[] PlacesOf(string library, FittedRouting fitted, IReadOnlyList<LibraryMember> experts)
    {
        ArgumentNullException.ThrowIfNull(fitted);
        ArgumentNullException.ThrowIfNull(experts);
        string[] known = [.. fitted.Modules];
        int[] places = [.. experts.Select(expert => Array.IndexOf(known, expert.Name))];
        int missing = Array.IndexOf(places, -1);
        if (missing < 0)
            return places;
        throw new ArgumentException(
            $"The routing of library '{library}' was fitted before {experts[missing].Name} came; it is "
                + $"fitted again at the end of that task.",
            nameof(experts)
        );
    }

    /// <summary>What is wrong with a member that a file describes, as a sentence; null when nothing is.</summary>
    public static string? ProblemOf(LibraryMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (member.Name.Length == 0 || member.Name.Contains('/', StringComparison.Ordinal))
            return "a name has at least one character, and no slash.";
        if (member.Classes.Length == 0 || member.Classes.Length != member.ClassNames.Length)
            return $"it has {member.Classes.Length} classes and {member.ClassNames.Length} names for them.";
        try
        {
            var architecture = ArchitectureCatalog.Parse(member.Architecture);
            int fewest = member.Modality.OutputCount(
                member.Signature.LabelSpace,
                member.Classes.Length,
                hasUnknown: false
            );
            return architecture.OutputCount < fewest
                ? $"{member.Architecture} has {architecture.OutputCount} outputs, not {fewest} or more."
                : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return e.Message;
        }
    }
}
