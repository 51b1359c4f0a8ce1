using System.Globalization;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Preservation;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Data.Images;
using Dmkd.Grains.Preservation;
using Dmkd.Grains.Runs.Stages;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Simulation;

/// <summary>
/// A preservation's own work without networks: weights are tallies that name what they were made of, and every number
/// follows from them and the images, so that another input shows.
/// </summary>
internal sealed class TallyPreservationWork(World world) : IPreservationWork
{
    public int TrainingLanes => 2;

    public int ServingLanes => 2;

    /// <summary>The bytes of a simulated legacy model.</summary>
    public static byte[] Legacy(int seed) => new Tally([$"legacy {seed}"]).ToBytes();

    public async Task<TeacherReply> AnswerAsync(
        TeacherSource source,
        TeacherQuestion question,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await WorkAsync(3, progress, cancellationToken);
        return new TeacherReply(Answers(Disk.Digest(source.Content), question), TimeSpan.Zero);
    }

    public async Task<DistilledModule> DistilSurrogateAsync(
        PreservationSettings settings,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await WorkAsync(8, progress, cancellationToken);
        return Distilled([$"surrogate {settings.Seed} {Told(data.TrainingAnswers!)}"], settings.GateEpochs);
    }

    public async Task<CutLegacy> CutAsync(
        PreservationSettings settings,
        byte[] legacyWeights,
        ImageSet calibration,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await WorkAsync(8, progress, cancellationToken);
        string whole = $"{string.Join(' ', Tally.Read(legacyWeights).Updates)} {Disk.Digest(calibration.Pixels)[..8]}";
        int[] all = [.. Enumerable.Range(0, TallyMeasuring.Classes)];
        int size = (all.Length + settings.Experts - 1) / settings.Experts;
        List<CutModule> modules =
        [
            .. all.Chunk(size).Select((classes, index) => Cut(ModuleRole.Expert, index, classes, whole)),
        ];
        if (PreservationRules.HasGate(settings))
            modules.Add(Cut(ModuleRole.Gate, null, all, whole));
        return new CutLegacy([.. modules], Partition(settings, whole), TimeSpan.Zero);
    }

    public async Task<DistilledModule> DistilAsync(
        PreservationSettings settings,
        Student student,
        PreservationData data,
        Action<double> progress,
        CancellationToken cancellationToken
    )
    {
        await WorkAsync(8, progress, cancellationToken);
        string learnt = $"distilled {student.Seed} {student.Epochs} {Told(data.Of(student.Classes).Answers)}";
        string[] first = Tally.Read(student.First).Updates;
        return Distilled(student.Epochs > 0 ? [.. first, learnt] : first, student.Epochs);
    }

    private async Task WorkAsync(double longest, Action<double> progress, CancellationToken cancellationToken)
    {
        await world.Delay(world.Between(0.5, longest));
        progress(0.5);
        cancellationToken.ThrowIfCancellationRequested();
        await world.Delay(world.Between(0.5, longest));
        cancellationToken.ThrowIfCancellationRequested();
        progress(1);
    }

    /// <summary>Logits that follow from the teacher, the image and the view.</summary>
    private static TeacherAnswers Answers(string teacher, TeacherQuestion question)
    {
        var images = question.Images;
        int next = 0;
        using var pixels = zeros([images.Count, images.Channels, 1, 1], ScalarType.Byte);
        return TeacherAnswers.Of(Say, pixels, question.Normalisation, question.Mirrored);

        Tensor Say(Tensor batch)
        {
            float[] logits = [.. Enumerable.Range(0, (int)batch.shape[0]).SelectMany(_ => Row(next++))];
            return tensor(logits, [batch.shape[0], TallyMeasuring.Classes]);
        }

        IEnumerable<float> Row(int place)
        {
            int sum = 0;
            foreach (byte value in images.Image(place % images.Count))
                sum = (sum * 31) + value;
            return Enumerable
                .Range(0, TallyMeasuring.Classes)
                .Select(output => TallyMeasuring.Mix(teacher, sum + output + (place / images.Count), 4096) / 64f);
        }
    }

    private static string Told(TeacherAnswers answers)
    {
        var all = Enumerable
            .Range(0, answers.Images)
            .SelectMany(image => answers.LogitsOf(image, answers.Views - 1).ToArray());
        string text = string.Join(' ', all.Select(logit => logit.ToString("R", CultureInfo.InvariantCulture)));
        return $"{answers.Views} {answers.Images} {TallyMeasuring.Mix(text, 0, uint.MaxValue):x}";
    }

    private static DistilledModule Distilled(string[] updates, int epochs)
    {
        string text = string.Join(' ', updates);
        return new DistilledModule(
            new Tally(updates).ToBytes(),
            Share(text, 1),
            Share(text, 2),
            Share(text, 3) * 8,
            8,
            epochs,
            TimeSpan.Zero
        );
    }

    private static CutModule Cut(ModuleRole role, int? cluster, int[] classes, string whole)
    {
        string what = $"{role} {cluster} of {whole}";
        return new CutModule(
            role,
            cluster,
            classes,
            new ConvNetArchitecture(3, 32, [4, 8, 8, 8], classes.Length).ToString(),
            [new SpaceWidth("units", 4 + (cluster ?? 0), 8)],
            Share(what, 4),
            new Tally([what]).ToBytes()
        );
    }

    private static PartitionSummary Partition(PreservationSettings settings, string whole)
    {
        int size = settings.Experts;
        return new PartitionSummary
        {
            Size = size,
            Adjacency =
            [
                .. Enumerable.Range(0, size * size).Select(cell => (byte)TallyMeasuring.Mix(whole, cell, 256)),
            ],
            ClusterStarts = [.. Enumerable.Range(0, size)],
            ImportanceByClass = [.. Enumerable.Range(0, size).Select(cluster => new[] { Share(whole, 10 + cluster) })],
        };
    }

    private static double Share(string text, int salt) => TallyMeasuring.Mix(text, salt, 4096) / 4096.0;
}
