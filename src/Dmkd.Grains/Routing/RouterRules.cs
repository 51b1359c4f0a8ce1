using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Routing;
using Dmkd.Core.Modules;
using Dmkd.Core.Routing;
using Dmkd.Core.Training;

namespace Dmkd.Grains.Routing;

/// <summary>Decisions of the router, as functions of the request and the library.</summary>
internal static class RouterRules
{
    /// <summary>Refuses a malformed request.</summary>
    /// <exception cref="ArgumentException">Names the value and its limit.</exception>
    public static void Check(RouteRequest request)
    {
        long expected = (long)request.Count * request.Channels * request.Size * request.Size;
        if (request.Count < 1) throw new ArgumentException($"A batch needs at least 1 image, not {request.Count}.", nameof(request));
        if (request.Pixels.Length != expected)
            throw new ArgumentException($"{request.Count} images of {request.Channels}x{request.Size}x{request.Size} need {expected} bytes, not {request.Pixels.Length}.", nameof(request));
        if (expected > RouteRequest.MaxPixelBytes)
            throw new ArgumentException($"A batch may have {RouteRequest.MaxPixelBytes} bytes of pixels; this one has {expected}. Send smaller batches.", nameof(request));
        if (request.CandidateSets.Length == 0) throw new ArgumentException("A batch needs at least one set of candidate classes.", nameof(request));
        if (ViewsProblem(request.Routing.Views) is { } problem) throw new ArgumentException(problem, nameof(request));
        if (!Calibrations.Known.Names.Contains(request.Calibration))
            throw new ArgumentException($"Calibration must be one of {string.Join(", ", Calibrations.Known.Names)}, not '{request.Calibration}'.", nameof(request));
    }

    /// <summary>What is wrong with a number of views; null when nothing is.</summary>
    public static string? ViewsProblem(int views) => RotationLabels.AreViews(views) ? null : $"Views must be 1, {RotationLabels.Count} or {RotationLabels.MostViews}, not {views}.";

    /// <summary>Refuses a request whose routing needs what the library was not fitted to.</summary>
    /// <exception cref="ArgumentException">Says what the library has.</exception>
    public static void CheckFitted(RouteRequest request, FittedGate? fitted, string library)
    {
        var asked = request.Routing;
        bool isCalibrated = request.Calibration != Calibrations.None;
        string wanted = isCalibrated ? $"the calibration '{request.Calibration}'" : $"the gate '{asked.Gate}'";
        if (isCalibrated && asked.Gate != EvidenceGate.GateName)
            throw new ArgumentException($"Calibration '{request.Calibration}' is for the gate '{EvidenceGate.GateName}', not '{asked.Gate}'.", nameof(request));
        if (fitted is null || (isCalibrated ? fitted.Calibration != request.Calibration : fitted.Routing.Gate != asked.Gate))
            throw new ArgumentException(
                $"Library '{library}' was not fitted for {wanted}; it was for {(fitted is null ? "none" : $"gate '{fitted.Routing.Gate}' and calibration '{fitted.Calibration}'")}.",
                nameof(request));
        var own = fitted.Routing;
        if ((own.Views, own.Score, own.Centred) != (asked.Views, asked.Score, asked.Centred))
            throw new ArgumentException(
                $"Library '{library}' was fitted for {wanted} with {own.Views} views, score {own.Score}, centred {own.Centred}; ask so, not with {asked.Views}, {asked.Score}, {asked.Centred}.",
                nameof(request));
    }

    /// <summary>The library's gate network.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public static ModuleSnapshot GateOf(IReadOnlyList<ModuleSnapshot> modules, string library) =>
        modules.LastOrDefault(module => module.Descriptor.Role is ModuleRole.Gate)
        ?? throw new ArgumentException($"Library '{library}' has no gate network; route with another gate.", nameof(modules));

    /// <summary>Experts that know a candidate class and take images of the request's shape.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static IReadOnlyList<ModuleSnapshot> Relevant(IReadOnlyList<ModuleSnapshot> modules, RouteRequest request, string library)
    {
        var wanted = request.CandidateSets.SelectMany(set => set).ToHashSet();
        ModuleSnapshot[] relevant = [.. modules.Where(module => module.Descriptor.Role is ModuleRole.Expert && module.Descriptor.Classes.Any(wanted.Contains))];
        if (relevant.Length == 0) throw new ArgumentException($"Library '{library}' has no module for the classes {string.Join(", ", wanted.Order())}.", nameof(request));
        foreach (var module in relevant)
        {
            var architecture = ArchitectureCatalog.Parse(module.Descriptor.Architecture);
            if (architecture.InputChannels != request.Channels || architecture.InputSize != request.Size)
                throw new ArgumentException(
                    $"Module {module.Descriptor.Key} takes images of {architecture.InputChannels}x{architecture.InputSize}x{architecture.InputSize}, "
                    + $"not {request.Channels}x{request.Size}x{request.Size}.", nameof(request));
        }

        return relevant;
    }

    /// <summary>Names classes and experts.</summary>
    public static RoutedPrediction[] ToWire(IReadOnlyList<RoutedClass> predictions, IReadOnlyList<ModuleSnapshot> modules)
    {
        var names = new Dictionary<int, string>();
        foreach (var descriptor in modules.Select(module => module.Descriptor))
            for (int c = 0; c < descriptor.Classes.Length; c++) names[descriptor.Classes[c]] = descriptor.ClassNames[c];
        return
        [
            .. predictions.Select(prediction => new RoutedPrediction(
                prediction.ClassIndex, names[prediction.ClassIndex], prediction.Probability,
                [.. prediction.Experts.Select(share => new ExpertShare(modules[share.Expert].Descriptor.Name, share.Probability))])),
        ];
    }
}
