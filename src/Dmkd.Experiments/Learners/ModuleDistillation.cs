using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Convolution = Dmkd.Core.Models.Convolution;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Learners;

/// <summary>
/// Module-to-module knowledge distillation, m2mKD (Lo et al. 2024, arXiv 2402.16918), scaled down. A teacher (twice the
/// widths) and the student (the shared backbone) are cut into up to three stages T_i and S_i; a meta model M has one
/// layer a stage. With M frozen, each S_i learns alone: <c>h = M_{&lt;i}(x)</c>, <c>y_T = M_{&gt;i}(T_i(h))</c>, <c>y_S
/// = M_{&gt;i}(post(S_i(pre(h))))</c>, <c>L_i = (1-α) CE(y_S, y) + α τ² KL(softmax(y_T/τ) || softmax(y_S/τ)) / (B
/// C)</c>, the divergence summed over batch and classes. Stitches (pre, post) are 1x1 convolutions, which the first and
/// the last stage lack on the outside; they are dropped afterwards. For each task: M is trained, then each T_i inside M
/// (as in Deep Incubation), then each S_i, for <c>module-rounds</c> rounds each; then the assembled student is trained
/// end to end, which is sequential fine-tuning with its budget. The modular phases come on top of that budget and show
/// in the device time. It has no mechanism against forgetting. Differs: convolutional stages for transformers and NAC
/// or V-MoE layers, 1x1 convolutions for linear stitches, no fine-tuning of the assembled teacher, no mixup, cutmix or
/// label smoothing, teacher and meta model of the run's own instead of pre-trained ones. Verified: loss by hand and
/// against the authors' code; no published number to compare with.
/// </summary>
/// <param name="device">Where it computes. Borrowed.</param>
/// <param name="options">How weights are stepped, in all phases.</param>
/// <param name="alpha">α, in [0, 1].</param>
/// <param name="temperature">τ, above 0.</param>
/// <param name="moduleRounds">Rounds of each modular phase; 0 for a quarter of the run's, at least 1.</param>
public sealed class ModuleDistillation(
    DeviceWorker device,
    TrainingOptions options,
    double alpha,
    double temperature,
    int moduleRounds
) : SharedHeadLearner(device, options)
{
    /// <summary>Name in results and experiment files.</summary>
    public const string MethodName = "m2mkd";

    private const int MaxStages = 3;
    private const int TeacherWidening = 2;

    /// <inheritdoc/>
    public override string Name => MethodName;

    /// <summary>
    /// Reads <c>alpha</c>, <c>temperature</c>, <c>module-rounds</c> and the parameters of <see cref="LearnerOptions"/>.
    /// </summary>
    [Named(MethodName, "many-to-many distillation of modules", Order = 9)]
    internal static ModuleDistillation Create(DeviceWorker device, MethodParameters parameters) =>
        new(
            device,
            LearnerOptions.Read(parameters, LearnerOptions.UsualLearningRate),
            parameters.Number("alpha", 0.5, 0, 1),
            parameters.Number("temperature", 1, 0.01, 100),
            parameters.Count("module-rounds", 0, 0, 100_000)
        );

    /// <summary>The loss of a stage.</summary>
    /// <param name="student">y_S, shape [batch, classes]. Borrowed.</param>
    /// <param name="teacher">y_T, of the same shape. Borrowed; no gradient reaches it.</param>
    /// <param name="labels">Int64, shape [batch]. Borrowed.</param>
    /// <param name="alpha">α.</param>
    /// <param name="temperature">τ.</param>
    internal static Tensor StageLoss(Tensor student, Tensor teacher, Tensor labels, double alpha, double temperature)
    {
        var divergence = DistillationLoss.Compute(student, teacher, temperature) / student.shape[1];
        return F.cross_entropy(student, labels) * (1 - alpha) + divergence * alpha;
    }

    private protected override ITaskLearner CreateLearner(LearningContext context)
    {
        int rounds = moduleRounds == 0 ? Math.Max(1, context.Problem.Settings.Training.Rounds / 4) : moduleRounds;
        return new Learner(context, rounds, alpha, temperature);
    }

    private sealed class Learner : ITaskLearner
    {
        private readonly LearningContext _context;
        private readonly int _rounds;
        private readonly double _alpha;
        private readonly double _temperature;
        private readonly (int First, int End)[] _stages;
        private readonly ConvNetArchitecture _architecture;
        private readonly ConvNetArchitecture _teacherArchitecture;
        private readonly StagedNetwork _student;
        private readonly StagedNetwork _teacher;
        private readonly StagedNetwork _meta;

        public Learner(LearningContext context, int rounds, double alpha, double temperature)
        {
            _context = context;
            _rounds = rounds;
            _alpha = alpha;
            _temperature = temperature;
            _architecture = (ConvNetArchitecture)context.Network.Architecture;
            _stages = StagedNetwork.Cut(_architecture.Widths.Count, MaxStages);
            _teacherArchitecture = With([.. _architecture.Widths.Select(width => TeacherWidening * width)]);
            var metaArchitecture = With([.. _stages.Select(stage => _teacherArchitecture.Widths[stage.End - 1])]);
            int[] halvings = StagedNetwork.HalvingsOf(_architecture);
            using var generator = context.GeneratorFor(SeedPurpose.OtherNetworks);
            _student = new StagedNetwork(context.Network, _stages);
            _teacher = new StagedNetwork(Build(_teacherArchitecture, generator), _stages);
            int[] metaHalvings = [.. _stages.Select(stage => halvings[stage.First..stage.End].Sum())];
            _meta = new StagedNetwork(
                Build(metaArchitecture, generator),
                StagedNetwork.Cut(_stages.Length, _stages.Length),
                metaHalvings
            );
        }

        public Objective BeginTask(int task, ImageTensors data)
        {
            using var generator = _context.GeneratorFor(SeedPurpose.Modules, task);
            var images = new ImageTrainingData(data);
            Train(
                _meta,
                _meta.Network.parameters(),
                images,
                generator,
                batch => F.cross_entropy(_meta.Run(0, _stages.Length, batch.Inputs), batch.Labels)
            );
            Freeze(_meta.Network, true);
            for (int stage = 0; stage < _stages.Length; stage++)
                TrainTeacher(stage, images, generator);
            for (int stage = 0; stage < _stages.Length; stage++)
                TrainStudent(stage, images, generator);
            Freeze(_meta.Network, false);
            return new CrossEntropy();
        }

        public void Dispose()
        {
            _teacher.Network.Dispose();
            _meta.Network.Dispose();
        }

        private void TrainTeacher(int stage, ITrainingData images, Generator generator)
        {
            Train(_teacher, _teacher.ParametersOf(stage), images, generator, Loss);

            Tensor Loss(Batch batch)
            {
                var own = _teacher.Run(stage, stage + 1, Before(stage, batch.Inputs));
                return F.cross_entropy(After(stage, own), batch.Labels);
            }
        }

        private void TrainStudent(int stage, ITrainingData images, Generator generator)
        {
            int outside = _stages[stage].First - 1,
                last = _stages[stage].End - 1;
            using var before =
                stage == 0
                    ? null
                    : Stitch(_teacherArchitecture.Widths[outside], _architecture.Widths[outside], generator);
            using var after =
                stage == _stages.Length - 1
                    ? null
                    : Stitch(_architecture.Widths[last], _teacherArchitecture.Widths[last], generator);
            var stitches = new[] { before, after }.OfType<Convolution>().SelectMany(stitch => stitch.parameters());
            Train(_student, _student.ParametersOf(stage).Concat(stitches), images, generator, Loss);

            Tensor Loss(Batch batch)
            {
                var map = Before(stage, batch.Inputs);
                Tensor answer;
                using (no_grad())
                    answer = After(stage, _teacher.Run(stage, stage + 1, map));
                var own = _student.Run(stage, stage + 1, before?.forward(map) ?? map);
                return StageLoss(After(stage, after?.forward(own) ?? own), answer, batch.Labels, _alpha, _temperature);
            }
        }

        private Tensor Before(int stage, Tensor images)
        {
            using (no_grad())
                return _meta.Run(0, stage, images);
        }

        private Tensor After(int stage, Tensor map) => _meta.Run(stage + 1, _stages.Length, map);

        private void Train(
            StagedNetwork network,
            IEnumerable<Parameter> parameters,
            ITrainingData images,
            Generator generator,
            Func<Batch, Tensor> loss
        )
        {
            var options = _context.Options with { Rounds = _rounds, Parameters = [.. parameters] };
            Trainer.Run(
                network.Network,
                images,
                new StageObjective(loss),
                options,
                generator,
                null,
                _context.Job.CancellationToken
            );
        }

        private ConvNetArchitecture With(int[] widths) =>
            new(_architecture.InputShape[0], _architecture.InputShape[1], widths, _architecture.OutputCount);

        private Network Build(ConvNetArchitecture architecture, Generator generator)
        {
            var network = architecture.Build(generator);
            network.to(_context.Job.Device);
            return network;
        }

        // He initialisation for a layer without an activation: normal with variance 1 / inputs.
        private Convolution Stitch(int inputs, int outputs, Generator generator)
        {
            Convolution stitch = new(new ConvolutionShape(inputs, outputs, Kernel: 1), bias: true);
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            stitch.Weight.copy_(randn(stitch.Weight.shape, generator: generator) / Math.Sqrt(inputs));
            stitch.to(_context.Job.Device);
            return stitch;
        }

        private static void Freeze(Network network, bool frozen)
        {
            foreach (var parameter in network.parameters())
                parameter.requires_grad = !frozen;
        }
    }

    private sealed class StageObjective(Func<Batch, Tensor> loss) : Objective
    {
        public override Tensor Loss(TrainingStep step) => loss(step.Batch);
    }
}
