using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Modules;
using Dmkd.Data;

namespace Dmkd.Grains.Preservation;

/// <summary>The stages: surrogate, cut, distil. Lanes get values only, never the grain's state.</summary>
internal sealed partial class PreservationGrain
{
    private async Task DistilSurrogateAsync()
    {
        await AskLegacyAsync();
        var track = Begin("surrogate");
        var settings = Settings;
        var data = _data!;
        int[] all = [.. Enumerable.Range(0, data.Dataset.ClassNames.Count)];
        var surrogate = await devices.Training.RunAsync(job => SurrogateWork.Run(job, settings, data.Of(all), track.Report), _work.Token);
        Spent("surrogate", surrogate.Time);
        State.SourceDigest = await weights.PutAsync(surrogate.Weights);
        State.SurrogateAccuracy = surrogate.AccuracyAfter;
        _feed.Add($"surrogate {Settings.Architecture}: {surrogate.AccuracyAfter:P1} after {surrogate.Steps:N0} steps on the answers of {State.Request!.SourceName}");
        await MoveToAsync(PreservationStage.Cut);
    }

    private async Task CutAsync()
    {
        var track = Begin("score, partition, cut");
        var settings = Settings;
        byte[] legacy = await weights.GetAsync(State.SourceDigest!);
        var calibration = _data!.Calibration;
        var (cut, partition, time) = await devices.Training.RunAsync(job => CutWork.Run(job, settings, legacy, calibration, track.Report), _work.Token);
        Spent("score, partition, cut", time);
        var modules = new PreservedModule[cut.Length];
        for (int index = 0; index < cut.Length; index++)
        {
            var architecture = ArchitectureCatalog.Parse(cut[index].Architecture);
            modules[index] = new PreservedModule
            {
                Name = PreservationRules.ModuleName(cut[index].Role, index),
                Role = cut[index].Role,
                Cluster = cut[index].Cluster,
                Classes = cut[index].Classes,
                Architecture = cut[index].Architecture,
                Widths = cut[index].Widths,
                Parameters = architecture.ParameterCount,
                MultiplyAdds = architecture.MultiplyAdds,
                ImportanceShare = cut[index].ImportanceShare,
                CutDigest = await weights.PutAsync(cut[index].Weights),
            };
        }

        State.Modules = modules;
        State.Partition = partition;
        State.ClassNames = [.. _data.Dataset.ClassNames];
        State.TestImages = _data.Dataset.Test.Count;
        LogCut(logger, Library, modules.Length);
        foreach (var module in modules) _feed.Add(Describe(module));
        await MoveToAsync(PreservationStage.Distil);
    }

    /// <summary>Distils what is not yet distilled, as many modules at a time as there are lanes, the longest first.</summary>
    private async Task DistilAsync()
    {
        await AskLegacyAsync();
        var work = State.Modules.Index().Where(entry => entry.Item.Digest is null).Select(entry => (
            entry.Index, Module: entry.Item, Epochs: entry.Item.Role is ModuleRole.Gate ? Settings.GateEpochs : Settings.Epochs)).ToArray();
        var running = work.OrderByDescending(item => item.Module.MultiplyAdds * _data!.TrainingCount(item.Module.Classes) * item.Epochs)
            .Select(item => DistilAsync(item.Index, item.Module, item.Epochs)).ToArray();
        await foreach (var finished in Task.WhenEach(running))
        {
            var (index, result) = await finished;
            Spent("distillation", result.Time);
            var known = State.Modules[index];
            var module = known with
            {
                Digest = result.Steps > 0 ? await weights.PutAsync(result.Weights) : known.CutDigest,
                Bytes = result.Weights.Length,
                AccuracyBefore = result.AccuracyBefore,
                AccuracyAfter = result.AccuracyAfter,
                LegacyAccuracy = _data!.LegacyAccuracy(known.Classes),
                EntropySum = result.EntropySum,
                EntropyCount = result.EntropyCount,
                Steps = result.Steps,
            };
            State.Modules = [.. State.Modules.Select((old, place) => place == index ? module : old)];
            LogDistilled(logger, Library, module.Name, module.AccuracyBefore, module.AccuracyAfter);
            _feed.Add($"{module.Name}: {module.AccuracyBefore:P1} before and {module.AccuracyAfter:P1} after {module.Steps:N0} steps (legacy model {module.LegacyAccuracy:P1} on these classes)");
            await MoveToAsync(PreservationStage.Distil);
        }

        await MoveToAsync(PreservationStage.Publish);
    }

    private async Task<(int Index, DistilledModule Result)> DistilAsync(int index, PreservedModule module, int epochs)
    {
        var track = Begin(module.Name);
        var settings = Settings;
        var data = _data!;
        byte[] first = await weights.GetAsync(module.CutDigest);
        int seed = PreservationRules.DistillationSeed(settings, index);
        var result = await devices.Training.RunAsync(
            job => DistilWork.Run(job, settings, module.Architecture, first, module.Classes, data.Of(module.Classes), epochs, seed, track.Report), _work.Token);
        track.Report(1);
        return (index, result);
    }

    /// <summary>Asks the legacy model about all images, once per activation; the answers are not stored.</summary>
    private async Task AskLegacyAsync()
    {
        if (_data!.TestAnswers is not null) return;
        var track = Begin("legacy model's answers");
        var source = new TeacherSource(Settings.Architecture, await weights.GetAsync(State.Request!.LegacyDigest), State.Request.IsTorchScript);
        var normalisation = InputNormalisation.Find(Settings.Normalisation);
        var test = await AskAsync(source, normalisation, _data.Dataset.Test, mirrored: false, share => track.Report(0.2 * share));
        _data.TrainingAnswers = await AskAsync(source, normalisation, _data.Dataset.Train, Settings.Augment, share => track.Report(0.2 + 0.8 * share));
        _data.TestAnswers = test;
        State.LegacyAccuracy = _data.LegacyAccuracy([.. Enumerable.Range(0, _data.Dataset.ClassNames.Count)]);
        _feed.Add($"legacy model {State.Request.SourceName}: {State.LegacyAccuracy:P2} of {_data.Dataset.Test.Count:N0} test images");
    }

    private async Task<TeacherAnswers> AskAsync(TeacherSource source, InputNormalisation normalisation, ImageSet images, bool mirrored, Action<double> progress)
    {
        int parts = Math.Min(devices.Training.LaneCount, images.Count);
        double[] shares = new double[parts];
        var answers = await Task.WhenAll(Enumerable.Range(0, parts).Select(part =>
        {
            int start = (int)((long)images.Count * part / parts), end = (int)((long)images.Count * (part + 1) / parts);
            return devices.Training.RunAsync(
                job => TeacherWork.Answer(job, source, images.Select([.. Enumerable.Range(start, end - start)]), normalisation, mirrored, share =>
                {
                    Volatile.Write(ref shares[part], share);
                    progress(shares.Average());
                }),
                _work.Token);
        }));
        foreach (var (_, time) in answers) Spent("legacy answers", time);
        return TeacherAnswers.Concat([.. answers.Select(answer => answer.Answers)]);
    }

    private string Describe(PreservedModule module)
    {
        double share = (double)module.MultiplyAdds / ArchitectureCatalog.Parse(Settings.Architecture).MultiplyAdds;
        return $"{module.Name}: {module.Classes.Length} classes, {module.Parameters:N0} parameters, {share:P1} of the MACs, {module.ImportanceShare:P0} of the importance";
    }
}
