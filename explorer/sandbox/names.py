"""Every name of torch, numpy and the standard library that a program may use.

Names are allowed by being listed here, so a new release of torch brings nothing that nobody has
looked at. Left out is what reads or writes files, talks to other processes or machines, makes code,
reaches memory by address, trusts its arguments without checking them, or differs from run to run.
"""

from explorer.language import later


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TENSOR = _names("""
    H T abs abs_ absolute absolute_ acos acos_ acosh acosh_ add add_ addbmm addbmm_ addcdiv
    addcdiv_ addcmul addcmul_ addmm addmm_ addmv addmv_ addr addr_ adjoint all allclose amax
    amin aminmax angle any arccos arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_
    arctan arctan2 arctan2_ arctan_ arctanh arctanh_ argmax argmin argsort argwhere asin
    asin_ asinh asinh_ atan atan2 atan2_ atan_ atanh atanh_ backward baddbmm baddbmm_
    bernoulli bernoulli_ bfloat16 bincount bitwise_and bitwise_and_ bitwise_left_shift
    bitwise_left_shift_ bitwise_not bitwise_not_ bitwise_or bitwise_or_ bitwise_right_shift
    bitwise_right_shift_ bitwise_xor bitwise_xor_ bmm bool broadcast_to byte cauchy_ cdouble
    ceil ceil_ cfloat char cholesky chunk clamp clamp_ clamp_max clamp_max_ clamp_min
    clamp_min_ clip clip_ clone conj conj_physical conj_physical_ contiguous copy_ copysign
    copysign_ corrcoef cos cos_ cosh cosh_ count_nonzero cov cpu cross cummax cummin cumprod
    cumprod_ cumsum cumsum_ data deg2rad deg2rad_ dense_dim det detach detach_ device diag
    diag_embed diagflat diagonal diagonal_scatter diff digamma digamma_ dim dist div div_
    divide divide_ dot double dsplit dtype element_size eq eq_ equal erf erf_ erfc erfc_
    erfinv erfinv_ exp exp2 exp2_ exp_ expand expand_as expm1 expm1_ exponential_ fill_
    fill_diagonal_ fix fix_ flatten flip fliplr flipud float float_power float_power_ floor
    floor_ floor_divide floor_divide_ fmax fmin fmod fmod_ frac frac_ frexp gather gcd gcd_
    ge ge_ ger grad grad_fn greater greater_ greater_equal greater_equal_ gt gt_ half
    hardshrink heaviside heaviside_ histc hsplit hypot hypot_ i0 i0_ igamma igamma_ igammac
    igammac_ imag index index_add index_add_ index_copy index_copy_ index_fill index_fill_
    index_put index_put_ index_select inner int inverse is_complex is_conj is_contiguous
    is_cpu is_floating_point is_inference is_leaf is_meta is_nonzero is_signed isclose
    isfinite isinf isnan isneginf isposinf isreal item itemsize kron kthvalue lcm lcm_ ldexp
    ldexp_ le le_ lerp lerp_ less less_ less_equal less_equal_ lgamma lgamma_ log log10
    log10_ log1p log1p_ log2 log2_ log_ log_normal_ log_softmax logaddexp logaddexp2
    logcumsumexp logdet logical_and logical_and_ logical_not logical_not_ logical_or
    logical_or_ logical_xor logical_xor_ logit logit_ logsumexp long lt lt_ mH mT
    masked_fill masked_fill_ masked_scatter masked_scatter_ masked_select matmul matrix_exp
    matrix_power max maximum mean median min minimum mm mode moveaxis movedim msort mul mul_
    multinomial multiply multiply_ mv mvlgamma mvlgamma_ nan_to_num nan_to_num_ nanmean
    nanmedian nanquantile nansum narrow narrow_copy nbytes ndim ndimension ne ne_ neg neg_
    negative negative_ nelement new_empty new_full new_ones new_tensor new_zeros nextafter
    nextafter_ nonzero norm normal_ not_equal not_equal_ numel numpy outer output_nr permute
    pinverse polygamma polygamma_ positive pow pow_ prelu prod qr quantile rad2deg rad2deg_
    random_ ravel real reciprocal reciprocal_ register_hook
    register_post_accumulate_grad_hook relu relu_ remainder remainder_ renorm renorm_ repeat
    repeat_interleave requires_grad requires_grad_ reshape reshape_as retain_grad
    retains_grad roll rot90 round round_ rsqrt rsqrt_ scatter scatter_ scatter_add
    scatter_add_ scatter_reduce scatter_reduce_ select select_scatter sgn sgn_ shape short
    sigmoid sigmoid_ sign sign_ signbit sin sin_ sinc sinc_ sinh sinh_ size slice_scatter
    slogdet softmax sort split split_with_sizes sqrt sqrt_ square square_ squeeze squeeze_
    std stride sub sub_ subtract subtract_ sum sum_to_size svd swapaxes swapaxes_ swapdims
    swapdims_ t t_ take take_along_dim tan tan_ tanh tanh_ tensor_split tile to to_dense
    tolist topk trace transpose transpose_ tril tril_ triu triu_ true_divide true_divide_
    trunc trunc_ type type_as unbind unflatten unfold uniform_ unique unique_consecutive
    unsqueeze unsqueeze_ var vdot view view_as vsplit where xlogy xlogy_ zero_
""")
"""What a tensor offers: `x.sum()`."""

TENSOR_UNDERSCORED = _names("_version")
"""Names with an underscore that a tensor offers all the same."""

TORCH = _names("""
    BoolTensor ByteTensor DoubleTensor FloatTensor Generator HalfTensor IntTensor LongTensor
    Size Tensor abs abs_ absolute acos acos_ acosh acosh_ adaptive_avg_pool1d
    adaptive_max_pool1d add addbmm addcdiv addcmul addmm addmv addmv_ addr adjoint all
    allclose alpha_dropout amax amin aminmax angle any arange arccos arccos_ arccosh
    arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan_ arctanh arctanh_
    are_deterministic_algorithms_enabled argmax argmin argsort argwhere as_tensor asarray
    asin asin_ asinh asinh_ atan atan2 atan_ atanh atanh_ atleast_1d atleast_2d atleast_3d
    avg_pool1d baddbmm batch_norm bernoulli bfloat16 bilinear
    binary_cross_entropy_with_logits bincount binomial bitwise_and bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor block_diag bmm bool
    broadcast_shapes broadcast_tensors broadcast_to bucketize cartesian_prod cat cdist
    cdouble ceil ceil_ celu cfloat chain_matmul channel_shuffle channels_last cholesky chunk
    clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_ clip clip_ clone column_stack
    combinations complex complex128 complex64 concat concatenate conj conj_physical
    conj_physical_ contiguous_format conv1d conv2d conv3d conv_transpose1d conv_transpose2d
    conv_transpose3d copysign corrcoef cos cos_ cosh cosh_ cosine_embedding_loss
    cosine_similarity count_nonzero cov cross cummax cummin cumprod cumsum
    cumulative_trapezoid deg2rad deg2rad_ det detach detach_ device diag diag_embed diagflat
    diagonal diagonal_scatter diff digamma dist div divide dot double dropout dsplit dstack
    dtype e einsum embedding empty empty_like enable_grad eq equal erf erf_ erfc erfc_
    erfinv exp exp2 exp2_ exp_ expm1 expm1_ eye fill_ finfo fix fix_ flatten flip fliplr
    flipud float float16 float32 float64 float_power floor floor_ floor_divide fmax fmin
    fmod frac frac_ frexp frobenius_norm from_numpy full full_like gather gcd gcd_ ge ger
    get_default_dtype gradient greater greater_equal group_norm gru_cell gt half
    hamming_window hann_window hardshrink heaviside hinge_embedding_loss histc hsplit hstack
    hypot i0 i0_ igamma igammac iinfo imag index_add index_copy index_fill index_put
    index_put_ index_select inf inference_mode initial_seed inner instance_norm int int16
    int32 int64 int8 inverse is_anomaly_enabled is_complex is_conj is_floating_point
    is_grad_enabled is_inference is_inference_mode_enabled is_nonzero is_signed is_tensor
    isclose isfinite isin isinf isnan isneginf isposinf isreal kl_div kron kthvalue
    layer_norm layout lcm lcm_ ldexp ldexp_ le lerp less less_equal lgamma linspace log
    log10 log10_ log1p log1p_ log2 log2_ log_ log_softmax logaddexp logaddexp2 logcumsumexp
    logdet logical_and logical_not logical_or logical_xor logit logit_ logspace logsumexp
    long lstm_cell lt manual_seed margin_ranking_loss masked_fill masked_scatter
    masked_select matmul matrix_exp matrix_power max max_pool1d max_pool2d max_pool3d
    maximum mean median meshgrid min minimum mm mode moveaxis movedim msort mul multinomial
    multiply mv mvlgamma nan nan_to_num nan_to_num_ nanmean nanmedian nanquantile nansum
    narrow narrow_copy ne neg neg_ negative negative_ newaxis nextafter no_grad nonzero norm
    normal not_equal nuclear_norm numel ones ones_like outer pairwise_distance pca_lowrank
    pdist permute pi pinverse pixel_shuffle pixel_unshuffle poisson poisson_nll_loss polar
    polygamma positive pow prelu preserve_format prod promote_types qr quantile rad2deg
    rad2deg_ rand rand_like randint randint_like randn randn_like randperm range ravel real
    reciprocal reciprocal_ relu relu_ remainder renorm repeat_interleave reshape result_type
    rms_norm rnn_relu_cell rnn_tanh_cell roll rot90 round round_ row_stack rrelu rsqrt
    rsqrt_ rsub scalar_tensor scatter scatter_add scatter_reduce searchsorted select
    select_scatter selu set_anomaly_enabled set_default_dtype set_grad_enabled
    set_printoptions sgn short sigmoid sigmoid_ sign signbit sin sin_ sinc sinc_ sinh sinh_
    slice_scatter slogdet softmax sort split split_with_sizes sqrt sqrt_ square square_
    squeeze stack std std_mean strided sub subtract sum svd svd_lowrank swapaxes swapdims t
    take take_along_dim tan tan_ tanh tanh_ tensor tensor_split tensordot threshold tile
    topk trace transpose trapezoid trapz tril tril_indices triplet_margin_loss triu
    triu_indices true_divide trunc trunc_ typename uint8 unbind unflatten unique
    unique_consecutive unravel_index unsqueeze vander var var_mean vdot view_as_complex
    view_as_real vmap vsplit vstack where xlogy xlogy_ zero_ zeros zeros_like
""")
"""Functions, classes and constants of `torch` itself."""

NN = _names("""
    AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d
    AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss
    BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear Buffer CELU
    ChannelShuffle CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d
    ConstantPad3d Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
    CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss Dropout Dropout1d Dropout2d
    Dropout3d ELU Embedding FeatureAlphaDropout Flatten Fold GELU GLU GRU GRUCell
    GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss
    HuberLoss Identity InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss
    LPPool1d LPPool2d LPPool3d LSTM LSTMCell LayerNorm LeakyReLU Linear LocalResponseNorm
    LogSigmoid LogSoftmax MSELoss MarginRankingLoss MaxPool1d MaxPool2d MaxPool3d Mish
    Module ModuleDict ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss
    MultiMarginLoss MultiheadAttention NLLLoss PReLU PairwiseDistance Parameter
    ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN
    RNNCell RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d
    ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU Sequential SiLU Sigmoid
    SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh
    Tanhshrink Threshold Transformer TransformerDecoder TransformerDecoderLayer
    TransformerEncoder TransformerEncoderLayer TripletMarginLoss
    TripletMarginWithDistanceLoss Unflatten Unfold Upsample ZeroPad1d ZeroPad2d ZeroPad3d
""")
"""Layers and losses of `torch.nn`."""

FUNCTIONAL = _names("""
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
    adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices
    adaptive_max_pool3d adaptive_max_pool3d_with_indices affine_grid alpha_dropout
    avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear binary_cross_entropy
    binary_cross_entropy_with_logits celu celu_ channel_shuffle conv1d conv2d conv3d
    conv_transpose1d conv_transpose2d conv_transpose3d cosine_embedding_loss
    cosine_similarity cross_entropy dropout dropout1d dropout2d dropout3d elu elu_ embedding
    feature_alpha_dropout fold gaussian_nll_loss gelu glu grid_sample group_norm
    gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_ hinge_embedding_loss
    huber_loss instance_norm interpolate kl_div l1_loss layer_norm leaky_relu leaky_relu_
    linear local_response_norm log_softmax logsigmoid lp_pool1d lp_pool2d lp_pool3d
    margin_ranking_loss max_pool1d max_pool1d_with_indices max_pool2d
    max_pool2d_with_indices max_pool3d max_pool3d_with_indices mish mse_loss
    multi_head_attention_forward multi_margin_loss multilabel_margin_loss
    multilabel_soft_margin_loss nll_loss normalize one_hot pad pairwise_distance pdist
    pixel_shuffle pixel_unshuffle poisson_nll_loss prelu relu relu6 relu_ rms_norm rrelu
    rrelu_ scaled_dot_product_attention selu selu_ sigmoid silu smooth_l1_loss
    soft_margin_loss softmax softmin softplus softshrink softsign tanh tanhshrink threshold
    threshold_ triplet_margin_loss triplet_margin_with_distance_loss unfold
""")
"""Functions of `torch.nn.functional`."""

INIT = _names("""
    calculate_gain constant_ dirac_ eye_ kaiming_normal_ kaiming_uniform_ normal_ ones_
    orthogonal_ sparse_ trunc_normal_ uniform_ xavier_normal_ xavier_uniform_ zeros_
""")
"""Functions of `torch.nn.init`."""

LINALG = _names("""
    LinAlgError cholesky cholesky_ex cond cross det diagonal eig eigh eigvals eigvalsh inv
    inv_ex lstsq lu lu_factor lu_factor_ex matmul matrix_exp matrix_norm matrix_power
    matrix_rank multi_dot norm pinv qr slogdet solve solve_ex solve_triangular svd svdvals
    tensorinv tensorsolve vander vecdot vector_norm
""")
"""Functions of `torch.linalg`."""

SPECIAL = _names("""
    airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t
    chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w digamma entr erf
    erfc erfcx erfinv exp2 expit expm1 gammainc gammaincc gammaln hermite_polynomial_h
    hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l legendre_polynomial_p log1p
    log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1
    modified_bessel_k0 modified_bessel_k1 multigammaln ndtr ndtri polygamma psi round
    scaled_modified_bessel_k0 scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t
    shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
    shifted_chebyshev_polynomial_w sinc softmax spherical_bessel_j0 xlog1py xlogy zeta
""")
"""Functions of `torch.special`."""

FFT = _names("""
    fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2
    ihfftn irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn
""")
"""Functions of `torch.fft`."""

NUMPY = _names("""
    False_ True_ abs absolute acos acosh add all allclose amax amin angle any append
    apply_along_axis arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax
    argmin argpartition argsort argwhere around array array_equal array_equiv array_repr
    array_split array_str asarray ascontiguousarray asin asinh astype atan atan2 atanh
    atleast_1d atleast_2d atleast_3d average bartlett bincount bitwise_and bitwise_count
    bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor
    blackman block bool bool_ broadcast_arrays broadcast_shapes broadcast_to can_cast cbrt
    ceil choose clip column_stack common_type complex128 complex64 compress concat
    concatenate conj conjugate convolve copy copysign corrcoef correlate cos cosh
    count_nonzero cov cross cumprod cumsum cumulative_prod cumulative_sum deg2rad degrees
    delete diag diag_indices diag_indices_from diagflat diagonal diff digitize divide divmod
    dot dsplit dstack dtype e ediff1d einsum empty empty_like equal errstate euler_gamma exp
    exp2 expand_dims expm1 extract eye fabs finfo fix flatnonzero flip fliplr flipud float16
    float32 float64 float_power floor floor_divide fmax fmin fmod frexp fromfunction
    fromiter full full_like gcd geomspace gradient greater greater_equal hamming hanning
    heaviside histogram histogram2d histogram_bin_edges histogramdd hsplit hstack hypot i0
    identity iinfo imag indices inf inner insert int16 int32 int64 int8 int_ interp
    intersect1d invert isclose iscomplex iscomplexobj isfinite isfortran isin isinf isnan
    isneginf isposinf isreal isrealobj isscalar issubdtype ix_ kaiser kron lcm ldexp
    left_shift less less_equal linspace little_endian log log10 log1p log2 logaddexp
    logaddexp2 logical_and logical_not logical_or logical_xor logspace mask_indices matmul
    matrix_transpose matvec max maximum mean median meshgrid min min_scalar_type minimum mod
    modf moveaxis multiply nan nan_to_num nanargmax nanargmin nancumprod nancumsum nanmax
    nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar ndarray
    ndim negative newaxis nextafter nonzero not_equal ones ones_like outer pad partition
    percentile permute_dims pi positive pow power printoptions prod promote_types
    put_along_axis quantile rad2deg radians ravel ravel_multi_index real real_if_close
    reciprocal remainder repeat reshape resize result_type right_shift rint roll rollaxis
    rot90 round row_stack searchsorted select set_printoptions setdiff1d setxor1d shape sign
    signbit sin sinc sinh size sort sort_complex spacing split sqrt square squeeze stack std
    subtract sum swapaxes take take_along_axis tan tanh tensordot tile trace transpose
    trapezoid tri tril tril_indices tril_indices_from trim_zeros triu triu_indices
    triu_indices_from true_divide trunc uint uint16 uint32 uint64 uint8 union1d unique
    unique_all unique_counts unique_inverse unique_values unravel_index unstack unwrap
    vander var vdot vecdot vecmat vectorize vsplit vstack where zeros zeros_like
""")
"""What numpy offers: arrays and arithmetic, no files."""

RANDOMSTATE = _names("""
    beta binomial chisquare choice dirichlet exponential f gamma geometric gumbel
    hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal
    negative_binomial noncentral_chisquare noncentral_f normal pareto permutation poisson
    power rand randint randn random random_sample rayleigh seed shuffle standard_cauchy
    standard_exponential standard_gamma standard_normal standard_t triangular uniform
    vonmises wald weibull zipf
""")
"""Distributions of numpy's `RandomState`, and of `numpy.random` itself."""

NDARRAY = _names("""
    T all any argmax argmin argsort astype choose clip compress conj conjugate copy cumprod
    cumsum diagonal dot dtype fill flat flatten imag item itemsize mT max mean min nbytes
    ndim nonzero prod ravel real repeat reshape round searchsorted shape size sort squeeze
    std strides sum swapaxes take tolist trace transpose var
""")
"""What an array of numpy offers."""

MODULES: dict[str, frozenset[str]] = {
    "torch": TORCH | _names("nn autograd func linalg special fft optim utils __version__"),
    "torch.nn": NN | _names("functional init utils parameter"),
    "torch.nn.functional": FUNCTIONAL,
    "torch.nn.init": INIT,
    "torch.nn.parameter": _names("Parameter Buffer"),
    "torch.nn.utils": _names(
        "clip_grad_norm_ clip_grad_value_ parameters_to_vector vector_to_parameters"
    ),
    "torch.autograd": _names(
        "Function Variable backward grad gradcheck gradgradcheck functional graph forward_ad "
        "function variable no_grad enable_grad set_grad_enabled inference_mode detect_anomaly "
        "set_detect_anomaly"
    ),
    "torch.autograd.function": _names("Function once_differentiable"),
    "torch.autograd.variable": _names("Variable"),
    "torch.autograd.functional": _names("hessian hvp jacobian jvp vhp vjp"),
    "torch.autograd.forward_ad": _names("dual_level make_dual unpack_dual"),
    "torch.autograd.graph": _names(
        "GradientEdge Node allow_mutation_on_saved_tensors disable_saved_tensors_hooks "
        "get_gradient_edge increment_version register_multi_grad_hook save_on_cpu "
        "saved_tensors_hooks"
    ),
    "torch.func": _names(
        "functional_call grad grad_and_value hessian jacfwd jacrev jvp stack_module_state vjp vmap"
    ),
    "torch.linalg": LINALG,
    "torch.special": SPECIAL,
    "torch.fft": FFT,
    "torch.optim": _names(
        "ASGD Adadelta Adagrad Adam AdamW Adamax LBFGS NAdam RAdam RMSprop Rprop SGD lr_scheduler"
    ),
    "torch.optim.lr_scheduler": _names(
        "ConstantLR CosineAnnealingLR ExponentialLR LambdaLR LinearLR MultiStepLR PolynomialLR "
        "StepLR"
    ),
    "torch.utils": _names("checkpoint"),
    "torch.utils.checkpoint": _names("checkpoint checkpoint_sequential"),
    "numpy": NUMPY | _names("random linalg __version__"),
    "numpy.random": RANDOMSTATE | _names("RandomState default_rng"),
    "numpy.linalg": _names(
        "LinAlgError cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_norm "
        "matrix_power matrix_rank multi_dot norm pinv qr slogdet solve svd svdvals vector_norm"
    ),
    "math": _names(
        "acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e "
        "erf erfc exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose "
        "isfinite isinf isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm "
        "pi pow prod radians remainder sin sinh sqrt tan tanh tau trunc ulp"
    ),
    "random": _names(
        "betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate "
        "normalvariate randint random randrange sample seed shuffle triangular uniform "
        "vonmisesvariate"
    ),
    "itertools": _names(
        "accumulate chain combinations combinations_with_replacement compress count cycle "
        "dropwhile filterfalse islice pairwise permutations product repeat starmap takewhile "
        "tee zip_longest"
    ),
    "functools": _names("partial reduce"),
    "collections": _names("Counter OrderedDict defaultdict deque"),
    "copy": _names("copy deepcopy"),
    "typing": _names("Any Callable Dict Iterable Iterator List Optional Sequence Tuple Union"),
    "__future__": _names("annotations"),
}
"""Module -> the names that it offers. A module that is no key cannot be imported."""

_MODULE = _names(
    "add_module append apply bias buffers children clear double eval extend extra_repr float "
    "forward get_buffer get_parameter get_submodule half insert items keys load_state_dict "
    "modules named_buffers named_children named_modules named_parameters parameters pop "
    "register_backward_hook register_buffer register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook register_full_backward_pre_hook register_module "
    "register_parameter requires_grad_ reset_parameters state_dict to train training type update "
    "values weight zero_grad flatten_parameters"
)

_STRING = _names(
    "capitalize casefold center count encode endswith expandtabs find format format_map index "
    "isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace "
    "istitle isupper join ljust lower lstrip partition removeprefix removesuffix replace rfind "
    "rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase title upper "
    "zfill"
)

_NUMBER = _names(
    "as_integer_ratio bit_count bit_length conjugate denominator hex imag is_integer numerator real"
)

_DICT = _names("clear copy fromkeys get items keys pop popitem setdefault update values")

_SET = _names(
    "add clear copy difference difference_update discard intersection intersection_update "
    "isdisjoint issubset issuperset pop remove symmetric_difference update union"
)

KINDS: dict[str, frozenset[str]] = {
    "torch:Tensor": TENSOR | TENSOR_UNDERSCORED,
    "torch:Size": _names("count index numel"),
    "torch:Generator": _names("device initial_seed manual_seed"),
    "torch:dtype": _names("is_complex is_floating_point is_signed itemsize"),
    "torch:device": _names("index type"),
    "torch:finfo": _names("bits dtype eps max min resolution smallest_normal tiny"),
    "torch:iinfo": _names("bits dtype max min"),
    "torch.nn:Module": _MODULE,
    "torch.nn:Parameter": frozenset(),
    "torch.autograd:Function": _names("apply backward forward jvp setup_context vjp"),
    "torch.autograd.function:FunctionCtx": _names(
        "mark_dirty mark_non_differentiable materialize_grads needs_input_grad save_for_backward "
        "save_for_forward saved_for_forward saved_tensors saved_variables set_materialize_grads"
    ),
    "torch.autograd.graph:Node": _names(
        "name next_functions register_hook register_prehook requires_grad variable saved_tensors"
    ),
    "torch.autograd.graph:GradientEdge": _names("node output_nr"),
    "torch.autograd.forward_ad:UnpackedDualTensor": _names("primal tangent"),
    "torch.optim:Optimizer": _names(
        "add_param_group defaults load_state_dict param_groups state state_dict step zero_grad"
    ),
    "torch.optim.lr_scheduler:LRScheduler": _names("get_last_lr last_epoch step"),
    "torch.utils.hooks:RemovableHandle": _names("remove"),
    "numpy:ndarray": NDARRAY,
    "numpy:generic": NDARRAY,
    "numpy:dtype": _names("itemsize kind name"),
    "numpy:finfo": _names("bits dtype eps max min tiny"),
    "numpy:iinfo": _names("bits dtype max min"),
    "numpy.random:RandomState": RANDOMSTATE,
    "numpy.random:Generator": RANDOMSTATE | _names("integers permuted"),
    "builtins:str": _STRING,
    "builtins:bytes": _STRING - {"format", "format_map", "encode"} | _names("decode hex"),
    "builtins:int": _NUMBER,
    "builtins:float": _NUMBER,
    "builtins:complex": _NUMBER,
    "builtins:list": _names("append clear copy count extend index insert pop remove reverse sort"),
    "builtins:tuple": _names("count index"),
    "builtins:dict": _DICT,
    "builtins:set": _SET,
    "builtins:frozenset": _SET,
    "builtins:range": _names("count index start step stop"),
    "builtins:slice": _names("indices start step stop"),
    "builtins:property": _names("deleter getter setter"),
    "builtins:BaseException": _names("add_note args"),
    "collections:OrderedDict": _names("move_to_end"),
    "collections:Counter": _names("elements most_common subtract total"),
    "collections:defaultdict": _names("default_factory"),
    "collections:deque": _names(
        "append appendleft clear copy count extend extendleft index insert maxlen pop popleft "
        "remove reverse rotate"
    ),
    "functools:partial": _names("args func keywords"),
    "itertools:chain": _names("from_iterable"),
    "types:GeneratorType": _names("close send"),
}
"""Class (`module:name`) -> what the class and its instances offer, beside what its bases do."""

ANYWHERE = _names("__class__ __name__ __qualname__ __init__")
"""Names with underscores that may be read of every object."""

METHODS = _names(
    "__init__ __call__ __repr__ __str__ __len__ __getitem__ __setitem__ __iter__ __next__ "
    "__contains__ __bool__ __enter__ __exit__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __hash__ "
    "__neg__ __pos__ __abs__ __add__ __radd__ __iadd__ __sub__ __rsub__ __isub__ __mul__ __rmul__ "
    "__imul__ __truediv__ __rtruediv__ __floordiv__ __mod__ __pow__ __rpow__ __matmul__ "
    "__rmatmul__ __float__ __int__ __index__"
)
"""Special methods that a class of the program may define, and call on `super()`."""

WRITABLE: dict[str, frozenset[str]] = {"torch:Tensor": _names("data grad requires_grad")}
"""Class -> what may be assigned on its instances. On Modules, on `ctx` and on the program's own
objects every name without an underscore may."""

BUILTINS = _names(
    "abs all any ascii bin bool bytes callable chr classmethod complex dict divmod enumerate "
    "filter float format frozenset hash hex id int isinstance issubclass iter len list map max "
    "min next object oct ord pow print property range repr reversed round set slice sorted "
    "staticmethod str sum super tuple zip NotImplemented Ellipsis True False None "
    "ArithmeticError AssertionError AttributeError DeprecationWarning Exception "
    "FloatingPointError FutureWarning IndexError KeyError LookupError MemoryError NameError "
    "NotImplementedError OverflowError RecursionError RuntimeError RuntimeWarning StopIteration "
    "SystemExit TypeError UnboundLocalError UserWarning ValueError Warning ZeroDivisionError"
)
"""Python's own names that a program finds as they are."""

GUARDED = _names("delattr getattr hasattr setattr type")
"""Python's own names that a program finds in a guarded form."""

DECORATORS = _names(
    "staticmethod classmethod property once_differentiable "
    "torch.autograd.function.once_differentiable"
)
"""What may stand behind `@`, beside `@name.setter` and the switches below when they are called."""

SWITCHES = _names("no_grad enable_grad inference_mode")
"""Switches that may stand behind `@`, as `torch.no_grad()` and the like."""

INSTEAD = {
    "load": later("programs have no files; make tensors with torch.tensor or torch.randn"),
    "save": later("programs have no files; print what you want to keep"),
    "open": later("programs have no files; write the numbers into the program"),
    "input": later("nobody can type while a program runs; write the value into the program"),
    "eval": later("write the expression itself"),
    "exec": later("write the lines themselves"),
    "compile": later("programs run as they are written"),
    "jit": later("programs run as they are written"),
    "hub": later("programs have no network; build the network from torch.nn"),
    "exit": later("`raise SystemExit` ends a program"),
    "quit": later("`raise SystemExit` ends a program"),
    "cuda": later("programs run on the CPU"),
    "globals": later("use the names themselves"),
    "locals": later("use the names themselves"),
    "vars": later("use the names themselves"),
    "dir": later("use the names themselves"),
    "torchvision": later("make small pictures with torch.rand"),
    "matplotlib": later("print the numbers; the explorer draws"),
    "autograd": later("use torch.autograd and torch.func"),
    "os": later("programs have no files and no processes"),
    "sys": later("`print` writes, `raise SystemExit` ends"),
    "time": later("a program gives the same run each time"),
    "threading": later("a program is one thread"),
    "multiprocessing": later("a program is one process"),
    "pickle": later("programs have no files; print what you want to keep"),
}
"""Name -> what to do instead of using it, for names that people do reach for."""

OFFERED = {
    "torch": later(
        "of torch you have functions on tensors, nn, autograd, func, linalg, fft, special, "
        "optim and utils.checkpoint"
    ),
    "numpy": later("of numpy you have arrays, arithmetic, linalg and random"),
    "a Tensor": later("tensors offer what computes with their numbers"),
    "a ndarray": later("arrays offer what computes with their numbers"),
    "": later("it is none of the names that a program finds"),
}
"""What is offered -> the words for it, where no name is close to the one that was refused."""
